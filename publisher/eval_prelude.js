/*
 * What runs in the engine before any rule file: takes away all that is not a function of the source text (clock,
 * chance, locale, garbage collection) and every way to make code from strings, gives Objectives, constants and
 * console, freezes what the language itself provides, and returns the few functions that eval_main.c calls.
 *
 * Everything that a rule file can reach of the language is frozen when this script ends, so the functions below use
 * the language freely: nobody can replace a method under them. Names that are taken away stay as properties that
 * throw with the reason, because "Can't find variable: Date" would send an author looking for a missing import.
 */
(function (objectivesText, constantsText, print) {
	"use strict";

	/* The reply wraps a value in three more levels, and strict JSON ends at 64 (QUOIN_JSON_DEPTH_MAX). */
	const NESTING_MAX = 60;
	const PROBLEMS_MAX = 16;
	const TEXT_MAX = 2048;
	const QUOTED_MAX = 16384;

	/* ------------------------------------------------------------ what is taken away */

	const KEPT = `NaN undefined Infinity isNaN isFinite escape unescape decodeURI decodeURIComponent encodeURI
		encodeURIComponent globalThis parseInt parseFloat ArrayBuffer AggregateError Error EvalError RangeError
		ReferenceError SyntaxError TypeError URIError Reflect JSON Math Int8Array Int16Array Int32Array
		Uint8Array Uint8ClampedArray Uint16Array Uint32Array Float16Array Float32Array Float64Array
		BigInt64Array BigUint64Array DataView Boolean Map Number Set WeakMap WeakSet Object Array RegExp
		Iterator String Promise BigInt Symbol`.split(/\s+/);

	/* Their results are exact by definition, so they are the same on every machine. */
	const EXACT = ["abs", "ceil", "clz32", "floor", "fround", "f16round", "imul", "max", "min", "round", "sign",
		"sqrt", "trunc"];
	const LOCALE = ["toLocaleString", "toLocaleLowerCase", "toLocaleUpperCase", "localeCompare"];

	const REASONS = {
		__proto__: null,
		Date: "rules must not depend on the time at which they are evaluated",
		Function: "rules must not make code from strings",
		WebAssembly: "rules are JavaScript alone",
		eval: "rules must not make code from strings",
		FinalizationRegistry: "rules must not depend on when memory is collected",
		Intl: "rules must not depend on the machine's locale",
		Proxy: "rules are plain data",
		WeakRef: "rules must not depend on when memory is collected",
		random: "rules must not depend on chance; use a split or a ramp with a salt",
	};

	/* The prototypes of the functions that no global name leads to. */
	const prototypeOf = Object.getPrototypeOf;
	function* generator() {}
	async function* asyncGenerator() {}
	const GENERATOR = prototypeOf(generator);
	const ASYNC = prototypeOf(async () => {});
	const ASYNC_GENERATOR = prototypeOf(asyncGenerator);
	const HIDDEN = [
		Function.prototype, GENERATOR, ASYNC, ASYNC_GENERATOR, generator.prototype, asyncGenerator.prototype,
		prototypeOf(Int8Array), [].values(), ""[Symbol.iterator](), new Map().keys(), new Set().keys(),
		/a/[Symbol.matchAll]("a"), Iterator.from({next() {}}), [].values().map((x) => x),
	];

	/* The code of a problem for each error that is thrown here. */
	const codes = new WeakMap();

	function failure(code, message) {
		const error = new TypeError(message);
		codes.set(error, code);
		return error;
	}

	function refusal(label, key) {
		const reason = REASONS[key] ?? "its result may differ from machine to machine";
		return () => { throw failure("not_available", `${label} is not available: ${reason}`); };
	}

	function refuseMethods(label, object, keys) {
		for (const key of keys) {
			if (Object.hasOwn(object, key)) {
				Object.defineProperty(object, key, {value: refusal(`${label}.${key}`, key)});
			}
		}
	}

	function refuseGlobals() {
		for (const key of Reflect.ownKeys(globalThis)) {
			if (typeof key === "string" && !KEPT.includes(key)) {
				const get = refusal(key, key);
				Object.defineProperty(globalThis, key, {get, set: undefined, configurable: true});
			}
		}
	}

	function takeAway() {
		for (const prototype of [Function.prototype, GENERATOR, ASYNC, ASYNC_GENERATOR]) {
			delete prototype.constructor;
		}
		refuseMethods("Math", Math, Reflect.ownKeys(Math).filter((key) => typeof Math[key] === "function"
			&& !EXACT.includes(key)));
		for (const type of [Object, Array, String, Number, BigInt, prototypeOf(Int8Array)]) {
			refuseMethods(`${type.name}.prototype`, type.prototype, LOCALE);
		}
		refuseGlobals();
	}

	function isReference(value) {
		return typeof value === "function" || (typeof value === "object" && value !== null);
	}

	function freezeReachable(roots) {
		const seen = new Set([globalThis]);
		const queue = [];
		const add = (value) => {
			if (isReference(value) && !seen.has(value)) {
				seen.add(value);
				queue.push(value);
			}
		};
		roots.forEach(add);
		while (queue.length > 0) {
			const object = queue.pop();
			add(prototypeOf(object));
			for (const key of Reflect.ownKeys(object)) {
				const property = Object.getOwnPropertyDescriptor(object, key);
				add(property.value);
				add(property.get);
				add(property.set);
			}
			Object.freeze(object);
		}
	}

	function lockGlobals() {
		for (const key of Reflect.ownKeys(globalThis)) {
			const property = Object.getOwnPropertyDescriptor(globalThis, key);
			const isData = "value" in property;
			if (property.configurable) {
				Object.defineProperty(globalThis, key, isData ? {writable: false, configurable: false}
					: {configurable: false});
			}
		}
	}

	/* ------------------------------------------------------------ Objectives and constants */

	/* Edit distance of two names, by code units. */
	function distance(a, b) {
		let row = Array.from({length: b.length + 1}, (_, i) => i);
		for (let i = 1; i <= a.length; i++) {
			const next = [i];
			for (let j = 1; j <= b.length; j++) {
				const change = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
				next.push(Math.min(change, row[j] + 1, next[j - 1] + 1));
			}
			row = next;
		}
		return row[b.length];
	}

	function nearest(names, wanted) {
		let best;
		let bestDistance = Infinity;
		for (const name of names) {
			const d = distance(name, wanted);
			if (d < bestDistance) {
				best = name;
				bestDistance = d;
			}
		}
		return best;
	}

	function deepFreeze(value) {
		if (isReference(value)) {
			Object.values(value).forEach(deepFreeze);
			Object.freeze(value);
		}
		return value;
	}

	const closedWorlds = new Map();

	/* An object whose unknown names throw instead of being undefined. The engine's Proxy is ours alone. */
	const EngineProxy = Proxy;
	function closedWorld(kind, file, values) {
		const target = deepFreeze(Object.setPrototypeOf(values, null));
		const readOnly = () => {
			throw new TypeError(`${kind}s come from ${file} and cannot be changed here`);
		};
		const object = new EngineProxy(target, Object.freeze({
			get(_, key) {
				if (typeof key === "symbol" || Object.hasOwn(target, key)) {
					return target[key];
				}
				const wanted = key.slice(0, 128);
				const near = nearest(Object.keys(target), wanted);
				const hint = near === undefined ? `${file} names none`
					: `the nearest in ${file} is ${JSON.stringify(near)}`;
				throw failure(`unknown_${kind}`, `unknown ${kind} ${JSON.stringify(wanted)}; ${hint}`);
			},
			set: readOnly,
			defineProperty: readOnly,
			deleteProperty: readOnly,
			setPrototypeOf: readOnly,
		}));
		closedWorlds.set(object, kind);
		return object;
	}

	/* ------------------------------------------------------------ console */

	function show(value) {
		switch (typeof value) {
		case "string":
			return value;
		case "bigint":
			return `${value}n`;
		case "function":
			return "[function]";
		case "object":
			if (Error.isError(value)) {
				return describe(value).message;
			}
			return JSON.stringify(value) ?? "[object]";
		default:
			return String(value);
		}
	}

	function log(...values) {
		print(cut(values.map(show).join(" ")), new Error().stack);
	}

	/* ------------------------------------------------------------ what the host calls */

	function cut(text) {
		return text.slice(0, TEXT_MAX).toWellFormed();
	}

	/* The text that a property holds as data, on the object or on what it inherits from; no getter is called. */
	function dataText(object, key) {
		for (let depth = 0; object !== null && depth < 16; depth++) {
			const property = Object.getOwnPropertyDescriptor(object, key);
			if (property !== undefined) {
				return typeof property.value === "string" ? property.value : "";
			}
			object = prototypeOf(object);
		}
		return "";
	}

	/* What was thrown; never runs code of a rule file. */
	function describe(thrown) {
		if (!Error.isError(thrown)) {
			const what = isReference(thrown) ? "an object that is no Error" : String(thrown);
			return {code: "", kind: "", message: cut(`threw ${what}`), stack: "", file: "", line: 0};
		}
		const kind = dataText(thrown, "name");
		const code = codes.get(thrown) ?? "";
		const text = dataText(thrown, "message");
		const line = Object.getOwnPropertyDescriptor(thrown, "line")?.value;
		return {
			code,
			kind,
			message: cut(code === "" ? `${kind}: ${text}` : text),
			stack: dataText(thrown, "stack"),
			file: dataText(thrown, "sourceURL"),
			line: typeof line === "number" ? line : 0,
		};
	}

	/* "async", "generator" or "" for an ordinary function. */
	function kindOf(f) {
		switch (prototypeOf(f)) {
		case ASYNC:
		case ASYNC_GENERATOR:
			return "async";
		case GENERATOR:
			return "generator";
		default:
			return "";
		}
	}

	/* What stands in the place of a rule or an array of rules: "" if nothing does. */
	function misfit(value) {
		if (value === undefined) {
			return "nothing";
		}
		if (value instanceof Promise) {
			return "promise";
		}
		if (value === null) {
			return "null";
		}
		return typeof value === "object" ? "" : `a ${typeof value}`;
	}

	class TooLarge {}

	/* The JSON of short texts: keys and names come again and again. */
	const quotedTexts = new Map();

	function place(path) {
		return path.map((key) => typeof key === "number" ? `[${key}]`
			: /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`).join("");
	}

	/*
	 * The JSON text of a value that holds nothing but JSON data, or what stands in the way, one text per line.
	 * Beyond charactersMax: tooLarge. Calls no code of a rule file.
	 */
	function serialize(root, charactersMax) {
		const problems = [];
		const path = [];
		const open = new Set();
		const out = [];
		let characters = 0;

		function put(text) {
			characters += text.length;
			if (characters > charactersMax) {
				throw new TooLarge();
			}
			out.push(text);
		}
		function refuse(what) {
			if (problems.length < PROBLEMS_MAX) {
				const where = path.length > 0 ? `has at ${place(path)}` : "is";
				problems.push(`${where} ${what}`.slice(0, 512));
			}
		}
		function quote(text) {
			let quoted = quotedTexts.get(text);
			if (quoted !== undefined) {
				return quoted;
			}
			if (!text.isWellFormed()) {
				refuse("a string with a lone surrogate");
				return "";
			}
			if (text.includes("\0")) {
				refuse("a string with the character U+0000");
				return "";
			}
			quoted = JSON.stringify(text);
			if (text.length <= 64 && quotedTexts.size < QUOTED_MAX) {
				quotedTexts.set(text, quoted);
			}
			return quoted;
		}
		function putProperty(object, key, step) {
			const property = Object.getOwnPropertyDescriptor(object, key);
			path.push(step);
			if (property === undefined) {
				refuse("a hole in an array");
			} else if (!("value" in property)) {
				refuse("a getter or setter");
			} else if (!property.enumerable) {
				refuse("a property that is not enumerable");
			} else {
				putValue(property.value);
			}
			path.pop();
		}
		function putArray(array) {
			put("[");
			for (let i = 0; i < array.length && problems.length < PROBLEMS_MAX; i++) {
				if (i > 0) {
					put(",");
				}
				putProperty(array, String(i), i);
			}
			if (problems.length === 0 && Reflect.ownKeys(array).length !== array.length + 1) {
				refuse("an array with properties besides its elements");
			}
			put("]");
		}
		function putObject(object) {
			let separator = "";
			put("{");
			for (const key of Reflect.ownKeys(object)) {
				if (problems.length >= PROBLEMS_MAX) {
					break;
				}
				if (typeof key === "symbol") {
					refuse("an object with a symbol as a key");
					continue;
				}
				put(`${separator}${quote(key)}:`);
				separator = ",";
				putProperty(object, key, key);
			}
			put("}");
		}
		function putReference(object) {
			if (closedWorlds.has(object)) {
				refuse(`a proxy: all ${closedWorlds.get(object)}s instead of one of them`);
			} else if (open.has(object)) {
				refuse("a cycle: it contains itself");
			} else if (open.size >= NESTING_MAX) {
				refuse(`nested deeper than ${NESTING_MAX}`);
			} else {
				const prototype = prototypeOf(object);
				const isArray = Array.isArray(object);
				open.add(object);
				if (isArray && prototype === Array.prototype) {
					putArray(object);
				} else if (!isArray && (prototype === Object.prototype || prototype === null)) {
					putObject(object);
				} else {
					refuse(`${classOf(prototype)}, not plain data`);
				}
				open.delete(object);
			}
		}
		function putValue(value) {
			switch (typeof value) {
			case "string":
				put(quote(value));
				break;
			case "boolean":
				put(String(value));
				break;
			case "number":
				if (Number.isFinite(value)) {
					put(JSON.stringify(value));
				} else {
					refuse(String(value));
				}
				break;
			case "object":
				if (value === null) {
					put("null");
				} else {
					putReference(value);
				}
				break;
			default:
				refuse(value === undefined ? "undefined" : `a ${typeof value}`);
			}
		}

		try {
			putValue(root);
		} catch (error) {
			if (error instanceof TooLarge) {
				return {tooLarge: true, json: "", problems: ""};
			}
			throw error;
		}
		return {tooLarge: false, json: problems.length > 0 ? "" : out.join(""),
			problems: problems.map((text) => text.replaceAll("\n", " ")).join("\n").toWellFormed()};
	}

	function classOf(prototype) {
		const type = Object.getOwnPropertyDescriptor(prototype ?? {}, "constructor")?.value;
		const name = isReference(type) ? dataText(type, "name") : "";
		return name === "" ? "an object of some class" : `an object of class ${name.slice(0, 64)}`;
	}

	/* ------------------------------------------------------------ putting it in place */

	const sourceText = Function.prototype.toString;
	const objectives = Object.create(null);
	for (const name of JSON.parse(objectivesText)) {
		objectives[name] = name;
	}
	const globals = {
		Objectives: closedWorld("objective", "objectives.json", objectives),
		constants: closedWorld("constant", "constants.json", JSON.parse(constantsText)),
		console: {log, info: log, warn: log, error: log, debug: log},
	};
	const host = {
		call: (f) => f(),
		sourceOf: (f) => sourceText.call(f),
		describe, kindOf, misfit, serialize,
	};
	takeAway();
	for (const [key, value] of Object.entries(globals)) {
		Object.defineProperty(globalThis, key, {value, writable: false, enumerable: false, configurable: true});
	}
	freezeReachable([...HIDDEN, ...KEPT.map((key) => globalThis[key]), globals.console, host]);
	lockGlobals();
	return host;
})
