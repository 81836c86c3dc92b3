"""Account stands at every door: it reads all, writes ledger, delta and manifest, and refuses. It alters nothing."""

from transforms.account.apply import apply
from transforms.account.balance import balance, listen
from transforms.account.close import close
from transforms.account.evaluate import evaluate, render_evaluation
from transforms.account.examined import examine, render_all
from transforms.account.explain import explain
from transforms.account.nearest import apart
from transforms.account.outcome import outcome_of_past
from transforms.account.past import expirable, past
from transforms.account.summary import summary
from transforms.account.told import render_explanation
from transforms.account.waterfall import waterfall

__all__ = [
    "apart",
    "apply",
    "balance",
    "close",
    "evaluate",
    "examine",
    "expirable",
    "explain",
    "listen",
    "outcome_of_past",
    "past",
    "render_all",
    "render_evaluation",
    "render_explanation",
    "summary",
    "waterfall",
]
