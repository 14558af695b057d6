"""From titles of videos to a suite: task prompts, levels, a diverse choice, rubric drafts, all for experts to pass.

Everything drafted is marked ``drafted``. Model replies are kept in an append-only log, from which every step is
derived: nothing that was answered is paid twice, and nothing is lost when a draft is stopped.
"""
