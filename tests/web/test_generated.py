"""Requests made from our own OpenAPI description: none may break the server."""

import household
import pytest
import schemathesis
import small_team
from hypothesis import HealthCheck, Phase, given, settings
from litestar.testing import TestClient
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from samovar.web.site import site

TRUE = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
"""What each answer is held to: no mistake of ours, and what the description says."""
SLOW = pytest.param(120, 2_000, marks=pytest.mark.slow)
"""Examples for each operation, and requests that are sent at least."""


def many(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture
def app(tmp_path):
    home = household.home_with_runs(tmp_path / "home")
    household.put_waiting(home)
    return site(household.desk(home, small_team.team()))


@pytest.mark.parametrize(("examples", "least"), [(4, 68), SLOW])
def test_every_generated_request_is_answered_as_the_description_says(app, examples, least):
    headers = {**household.BEARER, "host": household.HOST}
    with TestClient(app, base_url=household.BASE) as client:
        client.headers.update(household.BEARER)
        description = client.get("/docs/openapi.json").json()
    schema = schemathesis.openapi.from_dict(description)
    schema.app = app
    seen = []
    for found in schema.get_all_operations():
        operation = found.ok()

        @many(examples)
        @given(case=operation.as_strategy())
        def one(case):
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=list(TRUE))
            seen.append(answer.status_code)

        one()
    assert len(seen) >= least
    assert sum(code < 300 for code in seen) > 2 * examples, "some do what they ask for"
