"""`init` and its undoing, done: files, the client's register, and the record of both, all or nothing.

In:  a `Plan` or an `Undoing`.
Out: the changed set-up; after an error it is as it was.
Not here: deciding what changes (`plan`, `undo`), asking and printing (`cli/init`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mcp_lean.claude_code.init import record as init_record
from mcp_lean.claude_code.init.files import remove_empty, remove_staged, write
from mcp_lean.claude_code.init.places import register, unregister
from mcp_lean.claude_code.init.plan import Plan
from mcp_lean.claude_code.init.undo import Undoing


def install(plan: Plan, environ: Mapping[str, str]) -> None:
    """Does what the plan says.

    Raises:
        ConfigError, EngineMissing: it could not be done; everything is as it was.
    """
    where = plan.places

    def record_and_register() -> Callable[[], None]:
        bring_back = init_record.save(where.record, plan.record, plan.backups)
        if plan.register is None:
            return bring_back
        try:
            if plan.replaces:
                unregister(where.scope, where.project, environ)
            register(where.scope, where.project, plan.register, environ)
        except BaseException:
            bring_back()
            raise

        def all_back() -> None:
            unregister(where.scope, where.project, environ)
            bring_back()

        return all_back

    write(plan.changes, record_and_register)
    remove_staged(file.target for file in plan.record.files)


def uninstall(undoing: Undoing, environ: Mapping[str, str]) -> None:
    """Takes it back, and forgets it.

    Raises:
        ConfigError, EngineMissing: it could not be done; everything is as it was.
    """
    where = undoing.places

    def let_go() -> Callable[[], None]:
        entry = None
        if undoing.unregisters:
            from mcp_lean.claude_code.init.places import registered

            entry = registered(where.scope, undoing.record.project, environ)
            unregister(where.scope, undoing.record.project, environ)

        def hold_again() -> None:
            if isinstance(entry, dict):
                register(where.scope, undoing.record.project, entry, environ)

        return hold_again

    write(undoing.changes, let_go)
    remove_staged(file.target for file in undoing.record.files)
    init_record.drop(where.record)
    remove_empty(undoing.record.folders)
