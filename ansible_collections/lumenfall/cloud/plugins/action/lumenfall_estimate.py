# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The module ``lumenfall_estimate`` on the controller."""

from __future__ import annotations

from typing import Any, Dict

from ansible_collections.lumenfall.cloud.plugins.module_utils._options import ESTIMATE_SPEC
from ansible_collections.lumenfall.cloud.plugins.plugin_utils._action import LumenfallAction


class ActionModule(LumenfallAction):
    """What Ansible loads."""

    argument_spec = ESTIMATE_SPEC

    def run_with_options(self, options: Dict[str, Any]) -> Dict[str, Any]:
        return self.estimate(options)
