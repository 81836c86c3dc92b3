"""Triage notes, as Airflow shows them beside each DAG, group and task: what it means when it is red, and what is safe.

They stand in Python, not in a Markdown file, because reading a file while Airflow parses a DAG is work at parse time.
"""

NIGHT = "The night to merge, YYYY-MM-DD. Empty: the day in China on which this run was due."
DROPS = "A directory with one folder per source code. Empty: $GRIDFACTS_HOME/drops."

NIGHTLY_MERGE = """\
### nightly_merge: from the drop box to one release

Every room once: bundles of sources through land, check and standardise; then places, organizations, things, persons
and households; then the balance and one atomic release. Twin on the command line: `gridfacts run --night D`.

**It is red. What is safe?** Clearing any task, or the whole run, at any time, twice, or while another run is going:
each room reuses what is fresh, writes elsewhere and renames, and publishing the same night again changes nothing.
Readers keep yesterday's release until the last task has ended.

What the log's last line says:

* `PASSING`, after two retries: disk full, database away. Repair that, then clear the task with what is downstream.
* `IMBALANCE` in account_close: a room lost, doubled or swapped a row; the line names room and source. Do not force it:
  clear that room with what is downstream. Red again: `gridfacts balance --night D`, then `gridfacts explain`.
* `RELEASE_HELD` in brakes: the night would change more than its budgets allow. `gridfacts hold list`, look, and
  `gridfacts hold release` (or correct the cause); then clear the task with what is downstream.
* `STALE_INPUT`: an input is missing, or older than what it was made from. Clear the room named by *remedy* with what
  is downstream.
* `NIGHT_PAST`: a later night is published already, and releases only go forward. What the missed night would have
  landed, the next night lands; nothing is lost.
* `CONFIG`: a contract, a kind, the key file or a setting; it says which. Nothing was started.
* `UNEXPECTED`: a defect in the code; type and place stand there, no values. `gridfacts room <name> --night D` on the
  machine shows the same.
* A file was refused or held: nothing here is red, the others are published. Tell its owner (`gridfacts summary`).
* *things that no source takes*, in the log of bundles: a misspelt folder, a file beside the folders. Nothing is red;
  `gridfacts summary` names them and whose they may be. Move them and run the night again.

A department that sent nothing, or nonsense, never stops a night: its last good state stays and is shown as stale.
The run for a night that was missed is started by hand with the parameter *night*; several: the oldest first.

Owner: data engineering. Alerts: `$GRIDFACTS_HOME/alerts.jsonl` and `GRIDFACTS_ALERT_COMMAND`.
Runbook: `docs/runbooks/nightly_merge.md`.
"""

INTAKE = """\
### intake: lands and checks a drop within the minute

Woken by a watcher on the drop box (`dags/drop_box.py`): a source's folder changed and then lay still for 30 seconds.
Several drops may come as one run; each is in it. Nothing in the drop box is opened for writing or deleted.

**It is red, or it did not wake.** No harm: `nightly_merge` scans the drop box itself and lands whatever is missing.
Clearing any task is safe; the same bytes are landed once. Started by hand, it takes every source that has files.
If it never wakes: is the DAG unpaused, is the triggerer running, has it the same `GRIDFACTS_HOME`?
"""

BUNDLE = """\
One bundle of sources (see the task's rendered argument for their codes). A file that cannot be read is refused, held
or quarantined *inside* the room and the task stays green; red means the machine or a defect. Safe to clear at any time.
"""

STAGE = """\
One stage on all its records, computed whole every night. It reads the night's live records and the earlier stages,
so after clearing a task here clear everything downstream too. Safe to clear at any time.
"""

ROOMS = {
    "land": "Keep the dropped bytes under their hash, number every row. Safe to repeat: known bytes land once.",
    "check": "Accept or quarantine every landed row, with rule, field and owner. Safe to repeat.",
    "standardise": "Add clean columns and keyed tokens beside the raw values. Safe to repeat.",
    "apply": "Say which delivery of a source counts and which version of a record is live. Safe to repeat.",
    "locate": "Address text to standard address, building and grid, or the reason why not. Safe to repeat.",
    "link": "Candidate pairs with scores and evidence; nothing is decided here. Safe to repeat.",
    "resolve": "Pairs and judgements to clusters and lasting identities. Safe to repeat: the same ids come out.",
    "merge": "One golden record per identity; each value names its source row. Safe to repeat.",
    "close": (
        "Re-read the raw bytes, compare sets of row ids, compute the release's difference. Red with IMBALANCE: there "
        "is no release, and readers keep yesterday's. Safe to repeat; never skip it."
    ),
    "brakes": (
        "Hold what the night would change against expectations/brakes.yml. A source that breaks a budget is frozen and "
        "the night computed again without it, in this task. Red with RELEASE_HELD: a named person has to say yes "
        "(`gridfacts hold list`, `gridfacts hold release`); then clear this task with what is downstream."
    ),
    "publish": (
        "Write the difference as one release: readers see the old one or the new one. Safe to repeat and to kill: "
        "a night already published is not published again."
    ),
    "receipts": (
        "Tell every department what became of each row of its drops: `$GRIDFACTS_HOME/receipts/<source>/<night>/`. "
        "Red: the release stands all the same, and departments hear nothing. Safe to repeat: the same bytes come out."
    ),
    "rights": (
        "PostgreSQL: give the newest identities their tokens in consumers' views. Red: consumers see the release, new "
        "entities without tokens. Safe to repeat. On SQLite, or where no rights were applied, it does nothing."
    ),
    "retain": (
        "Remove what was kept as long as expectations/retention.yml says. Red: nothing is lost and the release stands; "
        "what should have gone is still there. Safe to repeat and to kill. Runbook: `docs/runbooks/retention.md`."
    ),
}
