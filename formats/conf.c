#include "formats/conf.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

/* Longest time a setting may name: ten years. */
#define DURATION_MAX_MS (UINT64_C(10) * 366 * 86400000)
#define COUNT_MAX	(UINT64_C(1) << 40)

enum kind {
	KIND_NAME,
	KIND_PATH, /* relative to the file */
	KIND_TEXT,
	KIND_PARTS,
	KIND_DURATION,
	KIND_COUNT,
	KIND_BYTES,
	KIND_ON_EXPIRY,
};

/* Every key but kafka.<property> and guard.<name>. */
static const struct setting {
	const char *key;
	enum kind kind;
	size_t offset;
	uint64_t min;	   /* of numbers */
	uint64_t default_; /* of numbers */
} settings[] = {
#define AT(member) offsetof(struct quoin_conf, member)
    {"namespace", KIND_NAME, AT(namespace_name), 0, 0},
    {"root", KIND_PATH, AT(root), 0, 0},
    {"keys", KIND_PATH, AT(keys), 0, 0},
    {"identity", KIND_PATH, AT(identity), 0, 0},
    {"state", KIND_PATH, AT(state), 0, 0},
    {"passphrase-file", KIND_PATH, AT(passphrase_file), 0, 0},
    {"parts", KIND_PARTS, AT(parts), 0, 0},
    {"hook.load", KIND_PATH, AT(hook_load), 0, 0},
    {"hook.unload", KIND_PATH, AT(hook_unload), 0, 0},
    {"hook.validate", KIND_PATH, AT(hook_validate), 0, 0},
    {"hook.check", KIND_PATH, AT(hook_check), 0, 0},
    {"hook.check_ms", KIND_DURATION, AT(hook_check_ms), 100, 10000},
    {"hook.retries", KIND_COUNT, AT(hook_retries), 0, 3},
    {"hook.timeout_ms", KIND_DURATION, AT(hook_timeout_ms), 1, 600000},
    {"hook.parallel", KIND_COUNT, AT(hook_parallel), 1, 2},
    {"ready.listen", KIND_TEXT, AT(ready_listen), 0, 0},
    {"status.interval_ms", KIND_DURATION, AT(status_interval_ms), 100, 10000},
    {"start.wait_ms", KIND_DURATION, AT(start_wait_ms), 0, 10000},
    {"lease.ms", KIND_DURATION, AT(lease_ms), 1000, 3600000},
    {"lease.on_expiry", KIND_ON_EXPIRY, AT(lease_refuse), 0, 0},
    {"retain.releases", KIND_COUNT, AT(retain_releases), 1, 3},
    {"retain.days", KIND_COUNT, AT(retain_days), 0, 30},
    {"retain.bytes", KIND_BYTES, AT(retain_bytes), 0, 1u << 30},
    {"limit.bytes", KIND_BYTES, AT(limit_bytes), 1, QUOIN_RELEASE_BYTES_MAX},
    {"limit.objectives", KIND_COUNT, AT(limit_objectives), 1, QUOIN_OBJECTIVES_MAX},
    {"limit.models", KIND_COUNT, AT(limit_models), 1, QUOIN_MODELS_MAX},
    {"limit.attributes", KIND_COUNT, AT(limit_attributes), 1, QUOIN_ATTRIBUTES_MAX},
    {"metrics.listen", KIND_TEXT, AT(metrics_listen), 0, 0},
    {"gate.heartbeat_ms", KIND_DURATION, AT(gate_heartbeat_ms), 100, 5000},
    {"gate.health_hook", KIND_PATH, AT(gate_health_hook), 0, 0},
    {"gate.vip_poll_ms", KIND_DURATION, AT(gate_vip_poll_ms), 0, 10000},
#undef AT
};
#define SETTINGS (sizeof settings / sizeof settings[0])

struct parser {
	struct quoin_conf *conf;
	struct quoin_error *err;
	uint32_t line;
	bool seen[SETTINGS];
};

static int refuse(struct parser *parser, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int
refuse(struct parser *parser, const char *fmt, ...)
{
	char message[QUOIN_ERROR_MESSAGE_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	(void)quoin_error_set(parser->err, QUOIN_ECONFIG, "%s", message);
	(void)quoin_error_at(parser->err, parser->conf->file, parser->line, 0);
	return QUOIN_ECONFIG;
}

static struct quoin_span
trim(struct quoin_span text)
{
	while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* A number, and the length of the digits at the front. */
static bool
read_scaled(struct quoin_span text, const char *const *units, const uint64_t *factors, size_t count, uint64_t max,
    uint64_t *ret)
{
	size_t digits = 0;
	uint64_t value;

	while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
		digits++;
	if (!quoin_u64_parse(quoin_span_of(text.data, digits), &value))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!quoin_span_equal_str(quoin_span_of(text.data + digits, text.len - digits), units[i]))
			continue;
		if (value > max / factors[i])
			return false;
		*ret = value * factors[i];
		return true;
	}
	return false;
}

bool
quoin_duration_parse(struct quoin_span text, uint64_t *ret_ms)
{
	static const char *const units[] = {"", "ms", "s", "m", "h", "d"};
	static const uint64_t factors[] = {1, 1, 1000, 60000, 3600000, 86400000};

	return read_scaled(text, units, factors, sizeof units / sizeof units[0], DURATION_MAX_MS, ret_ms);
}

static bool
parse_bytes(struct quoin_span text, uint64_t *ret)
{
	static const char *const units[] = {"", "KiB", "MiB", "GiB"};
	static const uint64_t factors[] = {1, 1u << 10, 1u << 20, 1u << 30};

	return read_scaled(text, units, factors, sizeof units / sizeof units[0], COUNT_MAX, ret);
}

/* The path that a value means: relative ones begin at the file's directory. "out" takes "bytes". */
static bool
resolve_path(const struct quoin_conf *conf, struct quoin_span value, char *out, size_t bytes)
{
	const char *slash = strrchr(conf->file, '/');
	size_t dir_bytes = slash != NULL && value.data[0] != '/' ? (size_t)(slash - conf->file) + 1 : 0;

	if (dir_bytes + value.len >= bytes)
		return false;
	memcpy(out, conf->file, dir_bytes);
	memcpy(out + dir_bytes, value.data, value.len);
	out[dir_bytes + value.len] = '\0';
	return true;
}

static int
read_parts(struct parser *parser, struct quoin_span value)
{
	struct quoin_conf *conf = parser->conf;

	while (value.len > 0) {
		struct quoin_span name = {value.data, 0};

		while (name.len < value.len && memchr(" \t,", value.data[name.len], 3) == NULL)
			name.len++;
		if (!quoin_name_is_valid(name))
			return refuse(parser, "parts: \"%.*s\" is not a name; write them as \"rules routes\"",
			    (int)(name.len < 64 ? name.len : 64), (const char *)name.data);
		for (size_t i = 0; i < conf->part_count; i++) {
			if (quoin_span_equal_str(name, conf->parts[i]))
				return refuse(parser, "parts: %s stands twice", conf->parts[i]);
		}
		if (conf->part_count == QUOIN_PARTS_MAX)
			return refuse(parser, "parts: more than %d", QUOIN_PARTS_MAX);
		memcpy(conf->parts[conf->part_count], name.data, name.len);
		conf->parts[conf->part_count++][name.len] = '\0';
		value.data += name.len;
		value.len -= name.len;
		value = trim(value);
		if (value.len > 0 && value.data[0] == ',')
			value = trim(quoin_span_of(value.data + 1, value.len - 1));
	}
	return 0;
}

static int
read_number(struct parser *parser, const struct setting *setting, struct quoin_span value)
{
	uint64_t number = 0;
	bool good;

	if (setting->kind == KIND_DURATION)
		good = quoin_duration_parse(value, &number);
	else if (setting->kind == KIND_BYTES)
		good = parse_bytes(value, &number);
	else
		good = quoin_u64_parse(value, &number) && number <= COUNT_MAX;
	if (!good)
		return refuse(parser, "%s: \"%.*s\" is not %s", setting->key, (int)(value.len < 64 ? value.len : 64),
		    (const char *)value.data,
		    setting->kind == KIND_DURATION    ? "a time: 1500, 1500ms, 10s, 5m, 1h, 30d"
			: setting->kind == KIND_BYTES ? "a size: 1048576, 64KiB, 64MiB, 1GiB"
						      : "a number");
	if (number < setting->min)
		return refuse(parser, "%s: %llu is too small; at least %llu", setting->key, (unsigned long long)number,
		    (unsigned long long)setting->min);
	memcpy((uint8_t *)parser->conf + setting->offset, &number, sizeof number);
	return 0;
}

static int
read_setting(struct parser *parser, const struct setting *setting, struct quoin_span value)
{
	char *out = (char *)parser->conf + setting->offset;

	switch (setting->kind) {
	case KIND_NAME:
		if (!quoin_name_is_valid(value))
			return refuse(parser, "%s: not a name of 1 to %d letters, digits, \".\", \"_\" or \"-\"",
			    setting->key, QUOIN_NAME_BYTES_MAX);
		memcpy(out, value.data, value.len);
		return 0;
	case KIND_PATH:
		if (!resolve_path(parser->conf, value, out, QUOIN_PATH_BYTES_MAX))
			return refuse(parser, "%s: the path is too long", setting->key);
		return 0;
	case KIND_TEXT:
		if (value.len >= QUOIN_PATH_BYTES_MAX)
			return refuse(parser, "%s: the value is too long", setting->key);
		memcpy(out, value.data, value.len);
		return 0;
	case KIND_PARTS:
		return read_parts(parser, value);
	case KIND_ON_EXPIRY:
		if (!quoin_span_equal_str(value, "serve") && !quoin_span_equal_str(value, "refuse"))
			return refuse(parser, "%s: either serve or refuse", setting->key);
		parser->conf->lease_refuse = quoin_span_equal_str(value, "refuse");
		return 0;
	case KIND_DURATION:
	case KIND_COUNT:
	case KIND_BYTES:
		break;
	}
	return read_number(parser, setting, value);
}

/* At most 15 digits with at most one point, which a double holds to the last one; whatever the locale's point is. */
static bool
parse_decimal(struct quoin_span value, double *ret)
{
	uint64_t number = 0, scale = 1;
	size_t digits = 0;
	bool point = false;

	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] == '.' && !point && digits > 0) {
			point = true;
			continue;
		}
		if (value.data[i] < '0' || value.data[i] > '9' || ++digits > 15)
			return false;
		number = number * 10 + (uint64_t)(value.data[i] - '0');
		scale *= point ? 10 : 1;
	}
	*ret = (double)number / (double)scale;
	return digits > 0;
}

static int
read_guard(struct parser *parser, struct quoin_span name, struct quoin_span value)
{
	struct quoin_conf *conf = parser->conf;
	double threshold;

	if (!quoin_name_is_valid(name))
		return refuse(parser, "guard.<name>: not a name");
	for (size_t i = 0; i < conf->guard_count; i++) {
		if (quoin_span_equal_str(name, conf->guards[i].name))
			return refuse(parser, "guard.%s stands twice", conf->guards[i].name);
	}
	if (conf->guard_count == sizeof conf->guards / sizeof conf->guards[0])
		return refuse(parser, "more than %zu guards", conf->guard_count);
	if (!parse_decimal(value, &threshold))
		return refuse(parser, "guard.%.*s: the threshold is not a number such as 12.5", (int)name.len,
		    (const char *)name.data);
	memcpy(conf->guards[conf->guard_count].name, name.data, name.len);
	conf->guards[conf->guard_count++].threshold = threshold;
	return 0;
}

/* Kafka's own file names are resolved like ours: every property that names one ends in ".location". */
static int
read_property(struct parser *parser, struct quoin_span name, struct quoin_span value)
{
	static const char location[] = ".location";
	struct quoin_conf *conf = parser->conf;
	struct quoin_bus_property *property = &conf->properties[conf->property_count];
	char path[QUOIN_PATH_BYTES_MAX], *copy_name, *copy_value;

	if (name.len == 0)
		return refuse(parser, "kafka.<property>: the property is missing");
	for (size_t i = 0; i < conf->property_count; i++) {
		if (quoin_span_equal_str(name, conf->properties[i].name))
			return refuse(parser, "kafka.%s stands twice", conf->properties[i].name);
	}
	if (conf->property_count == QUOIN_PROPERTIES_MAX)
		return refuse(parser, "more than %d kafka.<property> lines", QUOIN_PROPERTIES_MAX);
	if (name.len >= sizeof location &&
	    memcmp(name.data + name.len - strlen(location), location, strlen(location)) == 0 &&
	    !quoin_span_equal_str(value, "probe")) {
		if (!resolve_path(conf, value, path, sizeof path))
			return refuse(parser, "kafka.%.*s: the path is too long", (int)(name.len < 64 ? name.len : 64),
			    (const char *)name.data);
		value = quoin_span_str(path);
	}
	copy_name = strndup((const char *)name.data, name.len);
	copy_value = strndup((const char *)value.data, value.len);
	if (copy_name == NULL || copy_value == NULL) {
		free(copy_name);
		free(copy_value);
		return quoin_error_set(parser->err, QUOIN_ENOMEM, "out of memory");
	}
	*property = (struct quoin_bus_property){copy_name, copy_value};
	conf->property_count++;
	return 0;
}

static int
refuse_unknown(struct parser *parser, struct quoin_span key)
{
	const char *known[SETTINGS];
	char text[80];
	const char *nearest;

	for (size_t i = 0; i < SETTINGS; i++)
		known[i] = settings[i].key;
	quoin_printable_copy(key, text, sizeof text);
	nearest = quoin_text_nearest(text, known, SETTINGS);
	if (nearest != NULL)
		return refuse(parser, "unknown key \"%s\"; did you mean \"%s\"?", text, nearest);
	return refuse(parser, "unknown key \"%s\"; quoin.conf(5) lists them", text);
}

static bool
take_prefix(struct quoin_span *text, const char *prefix)
{
	size_t len = strlen(prefix);

	if (text->len < len || memcmp(text->data, prefix, len) != 0)
		return false;
	text->data += len;
	text->len -= len;
	return true;
}

static int
read_line(struct parser *parser, struct quoin_span line)
{
	struct quoin_span key, value;
	const uint8_t *sign;

	for (size_t i = 0; i < line.len; i++) {
		if ((line.data[i] < ' ' && line.data[i] != '\t') || line.data[i] == 0x7f)
			return refuse(parser, "a control character; is this a text file with Unix line ends?");
	}
	line = trim(line);
	if (line.len == 0 || line.data[0] == '#')
		return 0;
	sign = memchr(line.data, '=', line.len);
	if (sign == NULL)
		return refuse(parser, "not of the form key = value");
	key = trim(quoin_span_of(line.data, (size_t)(sign - line.data)));
	value = trim(quoin_span_of(sign + 1, line.len - (size_t)(sign - line.data) - 1));
	if (value.len == 0)
		return refuse(parser, "the key has no value; remove the line to get the default");
	for (size_t i = 0; i < SETTINGS; i++) {
		if (!quoin_span_equal_str(key, settings[i].key))
			continue;
		if (parser->seen[i])
			return refuse(parser, "%s stands twice", settings[i].key);
		parser->seen[i] = true;
		return read_setting(parser, &settings[i], value);
	}
	if (take_prefix(&key, "kafka."))
		return read_property(parser, key, value);
	if (take_prefix(&key, "guard."))
		return read_guard(parser, key, value);
	return refuse_unknown(parser, key);
}

static void
set_defaults(struct quoin_conf *conf)
{
	memset(conf, 0, sizeof *conf);
	for (size_t i = 0; i < SETTINGS; i++) {
		enum kind kind = settings[i].kind;

		if (kind == KIND_DURATION || kind == KIND_COUNT || kind == KIND_BYTES)
			memcpy((uint8_t *)conf + settings[i].offset, &settings[i].default_,
			    sizeof settings[i].default_);
	}
}

int
quoin_conf_parse(struct quoin_span text, const char *file, struct quoin_conf *ret, struct quoin_error *err)
{
	struct parser parser = {.conf = ret, .err = err};
	int rc = 0;

	set_defaults(ret);
	if (strlen(file) >= sizeof ret->file)
		return quoin_error_set(err, QUOIN_ECONFIG, "the path of the configuration file is too long");
	memcpy(ret->file, file, strlen(file) + 1);
	if (text.len > QUOIN_CONF_BYTES_MAX)
		rc = refuse(&parser, "the file has %zu bytes, at most %u are allowed", text.len, QUOIN_CONF_BYTES_MAX);
	else if (!quoin_utf8_is_valid(text))
		rc = refuse(&parser, "the file is not UTF-8 text");
	while (rc == 0 && text.len > 0) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		size_t bytes = end != NULL ? (size_t)(end - text.data) : text.len;

		parser.line++;
		rc = read_line(&parser, quoin_span_of(text.data, bytes));
		text.data += bytes + (end != NULL);
		text.len -= bytes + (end != NULL);
	}
	if (rc != 0)
		quoin_conf_clear(ret);
	return rc;
}

void
quoin_conf_clear(struct quoin_conf *conf)
{
	for (size_t i = 0; i < conf->property_count; i++) {
		free((void *)(uintptr_t)conf->properties[i].name);
		/* It may be a password. */
		if (conf->properties[i].value != NULL)
			explicit_bzero((void *)(uintptr_t)conf->properties[i].value, strlen(conf->properties[i].value));
		free((void *)(uintptr_t)conf->properties[i].value);
	}
	memset(conf, 0, sizeof *conf);
}

/* ---- Taken while a program runs ---- */

static bool
has_other_properties(const struct quoin_conf *a, const struct quoin_conf *b)
{
	if (a->property_count != b->property_count)
		return true;
	for (size_t i = 0; i < a->property_count; i++)
		if (strcmp(a->properties[i].name, b->properties[i].name) != 0 ||
		    strcmp(a->properties[i].value, b->properties[i].value) != 0)
			return true;
	return false;
}

void
quoin_conf_take(struct quoin_conf *conf, const struct quoin_conf *fresh, const struct quoin_conf_setting *live,
    const struct quoin_conf_setting *fixed, quoin_conf_tell *tell, void *ctx)
{
	uint8_t *to = (uint8_t *)conf;
	const uint8_t *from = (const uint8_t *)fresh;

	for (; live->key != NULL; live++) {
		if (memcmp(to + live->offset, from + live->offset, live->bytes) == 0)
			continue;
		memcpy(to + live->offset, from + live->offset, live->bytes);
		tell(ctx, live->key, true);
	}
	for (; fixed->key != NULL; fixed++)
		if (memcmp(to + fixed->offset, from + fixed->offset, fixed->bytes) != 0)
			tell(ctx, fixed->key, false);
	if (has_other_properties(conf, fresh))
		tell(ctx, "kafka.*", false);
}
