"""All knowledge of Snakemake beyond its language: a new major version is work in this room only.

- `assumptions.py`: names, versions, statuses, sentences and patterns, as plain values
- `private_access.py`: what has no public interface, reached through objects that the caller passes
- `snakemake_command.py`: the command line and environment, how it is started and stopped
- `job_events.py`: its reports about jobs, written by our logger plugin and counted by `mle run`
- `leftovers.py`: its own notes in the project folder
- `profile_files.py`, `profile_refusal.py`: where it looks for a profile, how it reads one, and why it rejects one

Imports neither Snakemake nor anything that knows experiments, so that every room may use it, our plugins included.
`tests/unit/snakemake_side/test_what_is_assumed_of_snakemake.py` checks each assumption against the Snakemake that is
installed.
"""
