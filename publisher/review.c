#include "publisher/review_print.h"

void
quoin_review_print(const struct quoin_review *review, struct quoin_buf *out)
{
	struct review_printer printer = {.review = review, .out = out};
	const struct quoin_difference *difference = review->difference;

	if (review->directory != NULL)
		quoin_buf_put_str(out, review->directory);
	else
		quoin_buf_printf(out, "release %llu", (unsigned long long)review->after);
	if (review->before != 0)
		quoin_buf_printf(out, " against release %llu\n", (unsigned long long)review->before);
	else
		quoin_buf_put_str(out, " against nothing: there is no release yet\n");
	if (quoin_difference_is_empty(difference))
		quoin_buf_put_str(out, "no objective, model, route or shard differs\n");
	if (difference->objective_count > 0)
		review_put_objectives(&printer);
	if (difference->model_count > 0)
		review_put_models(&printer);
	review_put_routes(&printer);
	review_put_shards(&printer);
	review_put_policy(&printer);
	review_put_transfer(&printer);
	if (review->decisions != NULL)
		review_put_decisions(&printer);
	if (review->guards != NULL) {
		review_put_guards(&printer);
		review_put_tests(&printer);
	}
}
