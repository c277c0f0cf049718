"""Choosing a threshold: the cost and quality of each one, and the guarantee that labels support.

Pure functions from drafts with scores, costs and labels (`draft_arrays.DraftArrays`) to frozen results. A draft is
accepted iff `score >= threshold`, the rule that a run uses; everything else is escalated. Every interval comes with its
sample, every guarantee is an exact finite-sample test, and without a guarantee the result is a named status, never
a silent threshold. Loads numpy and scipy; nothing that `import pipeline` reaches imports it.
"""
