"""Account stands at every door: it reads all, writes ledger, delta and manifest, and refuses. It alters nothing."""

from transforms.account.apply import apply
from transforms.account.balance import balance, listen
from transforms.account.close import close
from transforms.account.evaluate import evaluate, render_evaluation
from transforms.account.examined import examine, render_all
from transforms.account.explain import explain
from transforms.account.nearest import apart, pair_of
from transforms.account.outcome import outcome_of_past
from transforms.account.past import expirable, past
from transforms.account.summary import summary
from transforms.account.told import apart_line, render_explanation
from transforms.account.waterfall import columns, folded, padded, waterfall

__all__ = [
    "apart",
    "apart_line",
    "apply",
    "balance",
    "close",
    "columns",
    "evaluate",
    "examine",
    "expirable",
    "explain",
    "folded",
    "listen",
    "outcome_of_past",
    "padded",
    "pair_of",
    "past",
    "render_all",
    "render_evaluation",
    "render_explanation",
    "summary",
    "waterfall",
]
