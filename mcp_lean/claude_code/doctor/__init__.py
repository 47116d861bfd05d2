"""What is wrong in a set-up of Claude Code, and what it costs.

`setup` reads the files once; each other module is checks of one kind, as functions of the `Setup`; `checks` is the
table of them. Only `probe` starts programs.
"""
