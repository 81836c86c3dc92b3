"""What every task of every DAG here has: owner, retries by kind of error, a time limit, an alert."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from dags.alerts import alert
from dags.rooms import PassingError
from transforms.errors import GridfactsError

RETRY_DELAY = timedelta(seconds=15)

# In order. What no rule names (a killed process, the time limit, an unexpected error) is tried again as often as
# ``retries`` says; what a room refuses on purpose is refused the next time too.
_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(exception=PassingError, action=RetryAction.RETRY, reason="machine, disk or database"),
        RetryRule(exception="dags.rooms.UnexpectedError", action=RetryAction.DEFAULT),
        RetryRule(exception=GridfactsError, action=RetryAction.FAIL, reason="the room refuses; see its code"),
    ]
)

TASKS: dict[str, Any] = {  # Airflow's own shape of default_args
    "owner": "data-engineering",
    "retries": 2,
    "retry_delay": RETRY_DELAY,
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": _POLICY,
    "execution_timeout": timedelta(hours=1),
    "on_failure_callback": alert,
}
