# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A callback plugin for the tests: one JSON line for each result, in the file that RECORDER_FILE names."""

from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorder
type: aggregate
short_description: records results
description: Records results for the tests.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def _record(self, event, result):
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        outcome = getattr(result, "result", None) or result._result
        line = {
            "event": event,
            # A role's name stands before those of its tasks.
            "task": task.get_name().rpartition(" : ")[2],
            "host": host.get_name(),
            # Ansible takes "failed" out, since which method it calls says the same.
            "result": {**outcome, "failed": event == "failed"},
        }
        with open(os.environ["RECORDER_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result):
        self._record("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._record("failed", result)

    def v2_runner_on_skipped(self, result):
        self._record("skipped", result)
