"""Extraction of persona claims from participants' sentences, without a language model.

`statements` finds sentences that state a goal, a pain point, a habit or a motive (`cues`, `templates`),
`rewriting` and `grammar` turn first-person speech into claims, and `selection` chooses the ones worth keeping.
The `builtin` and `simulated` providers use it.
"""
