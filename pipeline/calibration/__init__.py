"""Where the threshold goes: what each one would cost and deliver, and which promise labels can back.

Pure functions from drafts with scores, costs and labels (`cases.Cases`) to frozen results. A draft is accepted
iff `score >= threshold`, the rule that a run uses; everything else is escalated. Every interval says what it
rests on, every guarantee is an exact finite-sample test, and what cannot be promised is an answer with a name,
never a threshold in silence. Loads numpy and scipy; nothing that `import pipeline` reaches imports it.
"""
