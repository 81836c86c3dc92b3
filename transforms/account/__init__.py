"""Account stands at every door: it reads all, writes ledger, delta and manifest, and refuses. It alters nothing."""

from transforms.account.apply import apply
from transforms.account.balance import balance
from transforms.account.close import close

__all__ = ["apply", "balance", "close"]
