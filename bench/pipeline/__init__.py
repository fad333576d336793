"""Compares the pipeline with the 2019 one: speed, cost, and what each loses when things go wrong."""
