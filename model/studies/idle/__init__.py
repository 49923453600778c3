"""Idle time of a step: where it waits over ranks, batch and domain, bubbles of pipelines, what was measured."""
