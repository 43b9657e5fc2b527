/*
 * Which model answers? Attach to the store of the agent on this host, decide one request, say where it goes.
 *
 *	resolve STATE OBJECTIVE [NAME=TEXT | NAME:=NUMBER | ab:TEST=CELL]...
 *
 * STATE is the directory that quoin.conf calls "state". A service does what is between "once" and "per request" below.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quoin.h>

#define ATTRIBUTES_MAX 32
#define ROUTES_MAX     8

/* "ab:12345=2", "amount:=12.5" or "country=DE", in place. */
static int
read_attribute(char *text, struct quoin_attribute *ret)
{
	char *equals = strchr(text, '=');

	memset(ret, 0, sizeof *ret);
	if (equals == NULL || equals == text)
		return -1;
	*equals = '\0';
	ret->name = text;
	if (strncmp(text, "ab:", 3) == 0) {
		ret->name = text + 3;
		ret->kind = QUOIN_ATTRIBUTE_CELL;
		ret->number = strtod(equals + 1, NULL);
	} else if (equals[-1] == ':') {
		equals[-1] = '\0';
		ret->kind = QUOIN_ATTRIBUTE_NUMBER;
		ret->number = strtod(equals + 1, NULL);
	} else {
		ret->kind = QUOIN_ATTRIBUTE_STRING;
		ret->string = equals + 1;
	}
	return 0;
}

static void
print(const struct quoin_view *view, const struct quoin_decision *decision)
{
	struct quoin_shard_route routes[ROUTES_MAX], picked;
	size_t count = 0;

	printf("release %llu: %s, by rule %s%s\n", (unsigned long long)quoin_view_release_number(view),
	    decision->selected.routing_key, decision->rule, decision->stale ? " (stale)" : "");
	printf("config %s\n", decision->config);
	if (decision->fallback.model != NULL)
		printf("if it fails: %s\n", decision->fallback.routing_key);
	if (quoin_decision_routes(decision, routes, ROUTES_MAX, &count) == 0)
		for (size_t i = 0; i < count && i < ROUTES_MAX; i++)
			printf("route %s %s %u\n", routes[i].shard, routes[i].vip, (unsigned)routes[i].weight);
	/* A service gives a number that is spread over all of u32, from its request's id for instance. */
	if (quoin_route_pick(decision, 0x9e3779b9u, &picked) == 0)
		printf("goes to %s\n", picked.vip);
}

int
main(int argc, char **argv)
{
	struct quoin_attribute attributes[ATTRIBUTES_MAX];
	struct quoin_decision decision;
	struct quoin_message message;
	struct quoin_reader *reader;
	struct quoin_view view;
	size_t count = 0;
	int r;

	if (argc < 3 || argc - 3 > ATTRIBUTES_MAX) {
		fprintf(stderr, "usage: resolve STATE OBJECTIVE [NAME=TEXT | NAME:=NUMBER | ab:TEST=CELL]...\n");
		return 2;
	}
	for (int i = 3; i < argc; i++)
		if (read_attribute(argv[i], &attributes[count++]) != 0) {
			fprintf(stderr, "resolve: %s is not NAME=VALUE\n", argv[i]);
			return 2;
		}

	/* Once per process. */
	r = quoin_reader_open_store(argv[1], NULL, &reader, &message);
	if (r != 0) {
		fprintf(stderr, "resolve: %s\n", message.text);
		return 1;
	}

	/* Per request: nothing here takes a lock, allocates, or enters the kernel. */
	r = quoin_view_acquire(reader, &view);
	if (r == 0)
		r = quoin_resolve_strings(&view, argv[2], attributes, count, &decision);
	if (r == 0)
		print(&view, &decision); /* its strings live as long as the view is held */
	else
		fprintf(stderr, "resolve: %s\n", quoin_code_text(r));
	quoin_view_release(&view);

	quoin_reader_close(reader);
	return r == 0 ? 0 : 1;
}
