"""Baselines that every artefact is held against: fitted on sequences, they score all items for what comes next."""
