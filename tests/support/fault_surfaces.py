# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Every surface of the fault matrix, and how it is played.

A surface plays in processes of its own, against the servers of a :class:`support.fault_stage.Stage`. Nothing here
decides whether an outcome is right: that is :mod:`support.fault_matrix`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from support.fault_stage import Results, Stage
from support.surfaces_ansible import play_delegated, play_funded, play_lookup, play_module, play_role
from support.surfaces_providers import play_balance, play_plugin_function, play_plugin_resource
from support.surfaces_pulumi import play_get_balance, play_hook, play_require_balance
from support.surfaces_python import play_command_line, play_core


@dataclass(frozen=True)
class Surface:
    """One way to ask.

    Attributes:
        name: As on the page.
        how: How it is played, for the page.
        play: Plays a stage.
    """

    name: str
    how: str
    play: Callable[[Stage], Results] = field(repr=False)


SURFACES = (
    Surface("core", "`LumenfallClient` and `Gate`; two processes, one play after the other", play_core),
    Surface("command line", "`lumenfall-balance check`; a process for each play", play_command_line),
    Surface("module", "the module on the controller, one real `ansible-playbook`, a host for each case", play_module),
    Surface("module, delegated", "the same, sent to another host as a module of its own", play_delegated),
    Surface("test `funded`", "on what the module has registered, a failure too", play_funded),
    Surface("lookup", "in an expression; an `ansible-playbook` for each environment", play_lookup),
    Surface("role", "`require_balance`, a play for each case", play_role),
    Surface("`get_balance`", "programs on the real engine, half of the cases in each", play_get_balance),
    Surface("`require_balance`", "likewise", play_require_balance),
    Surface("`balance_hook`", "a resource for each case on the real engine: made or not made", play_hook),
    Surface("`Balance`", "in Pulumi's own process for dynamic resources, over gRPC: Check, then Create", play_balance),
    Surface("plugin, function", "the plugin's process over gRPC: Configure, then Invoke", play_plugin_function),
    Surface("plugin, resource", "likewise: Configure, Check, then Create", play_plugin_resource),
)
