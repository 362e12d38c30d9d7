"""All that is known of Snakemake beyond its language: a new major version is the work of this room.

- `assumptions.py`: names, versions, statuses, sentences and patterns, as plain values
- `private_access.py`: what no public interface gives, reached through objects that the caller hands over
- `snakemake_command.py`: the command line, its surroundings, how it is started and stopped
- `job_events.py`: what it reports about jobs, written by our logger plugin and counted by `mle run`
- `leftovers.py`: its own notes in the project folder
- `profile_files.py`, `profile_refusal.py`: where it looks for a profile, how it reads one and what it says against one

Imports neither Snakemake nor anything that knows experiments, so that everybody may ask here, our plugins included.
`tests/unit/snakemake_side/test_what_is_assumed_of_snakemake.py` checks each assumption against the Snakemake that is
installed.
"""
