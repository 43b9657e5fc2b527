#include "publisher/eval_scan.h"

#include <string.h>

#include "lib/text.h"

/* The bytes of the blank beyond ASCII at "at", or 0: a byte order mark, a no-break space and their like, which editors
 * and web pages leave in scripts and which JavaScript takes for blanks. */
static size_t
wide_blank_bytes(struct quoin_span script, size_t at)
{
	const uint8_t *p = script.data + at;
	const size_t left = script.len - at;

	if (left >= 2 && p[0] == 0xc2 && p[1] == 0xa0)
		return 2; /* U+00A0 */
	if (left < 3)
		return 0;
	switch ((unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2]) {
	case 0xe19a80: /* U+1680 */
	case 0xe280af: /* U+202F */
	case 0xe2819f: /* U+205F */
	case 0xe38080: /* U+3000 */
	case 0xefbbbf: /* U+FEFF */
		return 3;
	default: /* U+2000 to U+200A */
		return p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0x80 && p[2] <= 0x8a ? 3 : 0;
	}
}

/* The bytes of the line terminator at "at", or 0. A CR before an LF is counted with the LF. */
static size_t
newline_bytes(struct quoin_span script, size_t at)
{
	const uint8_t *p = script.data + at;
	size_t left = script.len - at;

	if (p[0] == '\n')
		return 1;
	if (p[0] == '\r')
		return left > 1 && p[1] == '\n' ? 0 : 1;
	return left > 2 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9) ? 3 : 0;
}

/* Whether a word goes on, or begins, at "at". */
static bool
is_word_at(struct quoin_span script, size_t at)
{
	const uint8_t c = script.data[at];

	if (c >= 0x80)
		return newline_bytes(script, at) == 0 && wide_blank_bytes(script, at) == 0;
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}

void
quoin_eval_words_init(struct quoin_eval_words *words, struct quoin_span script)
{
	words->script = script;
	words->at = 0;
	words->line = 1;
}

bool
quoin_eval_words_next(struct quoin_eval_words *words, struct quoin_eval_word *ret)
{
	struct quoin_span script = words->script;
	size_t begin;

	while (words->at < script.len) {
		const size_t newline = newline_bytes(script, words->at), blank = wide_blank_bytes(script, words->at);

		if (newline > 0)
			words->line++;
		else if (is_word_at(script, words->at))
			break;
		words->at += newline + blank > 0 ? newline + blank : 1;
	}
	if (words->at >= script.len)
		return false;
	begin = words->at;
	while (words->at < script.len && is_word_at(script, words->at))
		words->at++;
	ret->text = quoin_span_of(script.data + begin, words->at - begin);
	ret->offset = begin;
	ret->line = words->line;
	return true;
}

/* The end of the comment that begins at "at", or "at" if none begins there. */
static size_t
skip_comment(struct quoin_span script, size_t at)
{
	if (script.len - at < 2 || script.data[at] != '/')
		return at;
	if (script.data[at + 1] == '/') {
		while (at < script.len && newline_bytes(script, at) == 0)
			at++;
		return at;
	}
	if (script.data[at + 1] == '*') {
		const uint8_t *end = memmem(script.data + at + 2, script.len - at - 2, "*/", 2);
		return end != NULL ? (size_t)(end - script.data) + 2 : at;
	}
	return at;
}

bool
quoin_eval_function_name(struct quoin_span script, const struct quoin_eval_word *word, struct quoin_span *ret_name)
{
	size_t at = word->offset + word->text.len;
	size_t begin;

	if (!quoin_span_equal_str(word->text, "function"))
		return false;
	while (at < script.len && !is_word_at(script, at)) {
		size_t beyond = skip_comment(script, at);

		if (beyond == at)
			beyond += newline_bytes(script, at) + wide_blank_bytes(script, at);
		if (beyond > at)
			at = beyond;
		else if (memchr(" \t\r\n\v\f*", script.data[at], 7) != NULL)
			at++;
		else
			return false;
	}
	begin = at;
	while (at < script.len && is_word_at(script, at))
		at++;
	*ret_name = quoin_span_of(script.data + begin, at - begin);
	return at > begin;
}

bool
quoin_eval_is_statement(struct quoin_span script, size_t from, size_t to, quoin_eval_is_script *is_script, void *ctx)
{
	struct quoin_span before = quoin_span_of(script.data + from, to - from);
	struct quoin_span nothing = {0};

	return is_script(ctx, before, "", nothing) && !is_script(ctx, before, "@", nothing);
}

bool
quoin_eval_power_operator(struct quoin_span script, quoin_eval_is_script *is_script, void *ctx, uint32_t *ret_line)
{
	uint32_t line = 1;

	for (size_t i = 0; i + 1 < script.len; i++) {
		if (newline_bytes(script, i) > 0)
			line++;
		if (script.data[i] != '*' || script.data[i + 1] != '*')
			continue;
		bool beside_slash =
		    (i > 0 && script.data[i - 1] == '/') || (i + 2 < script.len && script.data[i + 2] == '/');
		if (!beside_slash &&
		    !is_script(ctx, quoin_span_of(script.data, i + 1), "@",
			quoin_span_of(script.data + i + 1, script.len - i - 1))) {
			*ret_line = line;
			return true;
		}
		/* A row of stars in a comment is one place, not many. */
		while (i + 1 < script.len && script.data[i + 1] == '*')
			i++;
	}
	return false;
}

/* Whether the line ends at "at", and the next text is that of an object or array. */
static bool
is_alone(struct quoin_span script, size_t at)
{
	bool has_newline = false;

	for (; at < script.len; at++) {
		has_newline = has_newline || newline_bytes(script, at) > 0;
		if (memchr(" \t\r\n", script.data[at], 4) == NULL)
			return has_newline && (script.data[at] == '{' || script.data[at] == '[');
	}
	return false;
}

enum quoin_eval_return
quoin_eval_return_find(struct quoin_span function, uint32_t *ret_line)
{
	enum quoin_eval_return found = QUOIN_EVAL_RETURN_NONE;
	struct quoin_eval_words words;
	struct quoin_eval_word word;

	quoin_eval_words_init(&words, function);
	while (quoin_eval_words_next(&words, &word)) {
		if (!quoin_span_equal_str(word.text, "return"))
			continue;
		found = QUOIN_EVAL_RETURN_SOME;
		if (is_alone(function, word.offset + word.text.len)) {
			*ret_line = word.line;
			return QUOIN_EVAL_RETURN_ALONE;
		}
	}
	return found;
}

const char *
quoin_eval_syntax_advice(struct quoin_span script, uint32_t line)
{
	uint32_t alone = 0;

	if (quoin_eval_return_find(script, &alone) != QUOIN_EVAL_RETURN_ALONE || alone >= line)
		return "";
	return "; a line above ends with \"return\", which returns nothing, so begin the rule on that line";
}

const char *
quoin_eval_variable_advice(const char *thrown)
{
	static const char *const names[] = {"Objectives", "console", "constants"};
	static const char *const advice[] = {"; did you mean \"Objectives\"?", "; did you mean \"console\"?",
	    "; did you mean \"constants\"?"};
	static const char words[] = "ReferenceError: Can't find variable: ";
	const char *nearest;

	if (strncmp(thrown, words, sizeof words - 1) != 0)
		return "";
	nearest = quoin_text_nearest(thrown + sizeof words - 1, names, sizeof names / sizeof names[0]);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (nearest == names[i])
			return advice[i];
	return "";
}
