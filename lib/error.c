#include "lib/error.h"
#undef quoin_error_set

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct row {
	int code;
	enum quoin_class class;
	const char *name;
	const char *text;
};

static const struct row rows[] = {
#define X(name, value, class, text) {(value), QUOIN_CLASS_##class, #name, text},
    QUOIN_ERROR_TABLE(X)
#undef X
};

/* The first row, ESYSTEM, stands for whatever is not in the table. */
static const struct row *
find(int code)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].code == code)
			return &rows[i];
	return &rows[0];
}

enum quoin_class
quoin_error_class(int code)
{
	return code == 0 ? QUOIN_CLASS_NONE : find(code)->class;
}

const char *
quoin_error_name(int code)
{
	return find(code)->name;
}

const char *
quoin_error_text(int code)
{
	return find(code)->text;
}

int
quoin_error_exit_status(int code)
{
	return (int)quoin_error_class(code);
}

/* Cuts where need be; "text" may be the message itself. */
static void
put_message(struct quoin_error *err, const char *text)
{
	const size_t len = strnlen(text, sizeof err->message - 1);

	memmove(err->message, text, len);
	err->message[len] = '\0';
}

/* The text is made apart and copied, because an argument may be the message of "err" itself. */
static void
fill(struct quoin_error *err, int code, int sys_errno, const char *text)
{
	err->code = code;
	err->sys_errno = sys_errno;
	err->line = 0;
	err->column = 0;
	err->file[0] = '\0';
	put_message(err, text);
}

int
quoin_error_set(struct quoin_error *err, int code, const char *fmt, ...)
{
	char text[QUOIN_ERROR_MESSAGE_BYTES];
	va_list ap;

	if (err == NULL)
		return code;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fill(err, code, 0, text);
	return code;
}

int
quoin_error_sys(struct quoin_error *err, int code, const char *fmt, ...)
{
	char text[QUOIN_ERROR_MESSAGE_BYTES + 64];
	const int sys_errno = errno;
	const char *why = strerrordesc_np(sys_errno);
	va_list ap;
	size_t len;

	if (err == NULL)
		return code;
	va_start(ap, fmt);
	vsnprintf(text, QUOIN_ERROR_MESSAGE_BYTES, fmt, ap);
	va_end(ap);
	len = strlen(text);
	if (why != NULL)
		snprintf(text + len, sizeof text - len, ": %s", why);
	else
		snprintf(text + len, sizeof text - len, ": errno %d", sys_errno);
	fill(err, code, sys_errno, text);
	return code;
}

int
quoin_error_at(struct quoin_error *err, const char *file, uint32_t line, uint32_t column)
{
	if (err == NULL)
		return 0;
	if (file != NULL && file != err->file)
		snprintf(err->file, sizeof err->file, "%s", file);
	err->line = line;
	err->column = column;
	return err->code;
}

int
quoin_error_prefix(struct quoin_error *err, const char *fmt, ...)
{
	char text[2 * QUOIN_ERROR_MESSAGE_BYTES + 2], outer[QUOIN_ERROR_MESSAGE_BYTES];
	va_list ap;

	if (err == NULL)
		return 0;
	va_start(ap, fmt);
	vsnprintf(outer, sizeof outer, fmt, ap);
	va_end(ap);
	snprintf(text, sizeof text, "%s: %s", outer,
	    err->message[0] != '\0' ? err->message : quoin_error_text(err->code));
	put_message(err, text);
	return err->code;
}

void
quoin_error_print(const struct quoin_error *err, char *out, size_t out_bytes)
{
	char place[32] = "";
	const char *message = err->message[0] != '\0' ? err->message : quoin_error_text(err->code);

	if (err->line != 0 && err->column != 0)
		snprintf(place, sizeof place, "%u:%u: ", err->line, err->column);
	else if (err->line != 0)
		snprintf(place, sizeof place, "%u: ", err->line);
	if (err->file[0] == '\0')
		snprintf(out, out_bytes, "%s%s", place, message);
	else
		snprintf(out, out_bytes, "%s:%s%s%s", err->file, place[0] == '\0' ? " " : "", place, message);
}
