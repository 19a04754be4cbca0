"""What each strategy would cost: what ``plan_only`` answers."""

from __future__ import annotations

from te_connector.api.lists.tally import requests_for
from te_connector.api.pages import params_of, read_page
from te_connector.contract import PlanStep
from te_connector.errors import AnswerError, DeadlineReached, PastEnd
from te_connector.manifest.model import ObjectType
from te_connector.search.context import Search
from te_connector.search.lookup import requests_expected
from te_connector.search.strategy import Strategy


def plan_step(search: Search, strategy: Strategy) -> PlanStep:
    """A strategy's cost, as well as it can be known. For a list, its first page is read."""
    requests = _requests(search, strategy)
    limit = search.manifest.requests
    seconds = None if requests is None else round(requests * limit.seconds / limit.count, 1)
    return {
        "object_type": strategy.object_type.name,
        "method": strategy.method,
        "requests": requests,
        "seconds": seconds,
    }


def _requests(search: Search, strategy: Strategy) -> int | None:
    if strategy.how == "skip":
        return 0
    if strategy.how == "ids":
        return len(strategy.ids)
    if strategy.how == "filters":
        return len(strategy.ids) + requests_expected(search, strategy)
    if strategy.how == "children_by_filter":
        return None  # some for each parent that will be found
    return _list_requests(search, strategy.object_type)


def _list_requests(search: Search, object_type: ObjectType) -> int | None:
    try:
        page, _ = read_page(search.client, object_type, params_of(search.client, object_type, 1))
    except PastEnd:
        return 1
    except (AnswerError, DeadlineReached):
        return None
    pages = max(page.last or 1, page.next or 1)
    return requests_for(pages)
