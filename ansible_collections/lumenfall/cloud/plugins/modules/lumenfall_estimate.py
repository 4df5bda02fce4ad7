#!/usr/bin/python
# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The module that Ansible sends to a host which the task is delegated to; else only its documentation is used."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lumenfall_estimate
short_description: Estimate what a job costs on Lumenfall
version_added: 0.1.0
author:
  - The pulumi-lumenfall authors (@pulumi-lumenfall)
description:
  - Asks the API for the price of a request without running it, and returns the cost of a job that sends it many times.
  - To gate on it, use RV(cost) as the C(minimum) of M(lumenfall.cloud.lumenfall_balance).
  - It costs nothing. An estimate is approximate, so add a O(margin).
  - Runs on the controller, once for all hosts of the task, as M(lumenfall.cloud.lumenfall_balance) does.
options:
  request:
    description: The JSON body of the real request, as a dictionary or as text of at most 1 MiB.
    type: raw
    required: true
  endpoint:
    description: The endpoint of the real request.
    type: str
    choices: [images/generations, images/edits, videos, chat/completions]
    default: images/generations
  times:
    description: How many times the job sends the request, 1 or more. The default is V(1).
    type: raw
  margin:
    description: Percent on top, such as V(20%). The default is V(0).
    type: raw
extends_documentation_fragment:
  - lumenfall.cloud._lumenfall
  - lumenfall.cloud._lumenfall.attributes
seealso:
  - module: lumenfall.cloud.lumenfall_balance
"""

EXAMPLES = r"""
- name: Estimate 300 images
  lumenfall.cloud.lumenfall_estimate:
    request:
      model: gpt-image-1
      prompt: A lighthouse at dawn
    times: 300
    margin: 20%
  register: job

- name: Require that much
  lumenfall.cloud.lumenfall_balance:
    minimum: "{{ job.cost }}"
    require: true
"""

RETURN = r"""
msg:
  description: One line, such as for a log.
  returned: always
  type: str
  sample: about 28.80 usd (300 x 0.08 + 20%) with gpt-image-1
cost:
  description: Dollars for the whole job, as exact text, rounded up to the millionth.
  returned: success
  type: str
  sample: '28.80'
formula:
  description: How the cost came about. It is empty if it is the cost of one request.
  returned: success
  type: str
  sample: 300 x 0.08 + 20%
unit_cost:
  description: Dollars for one request, as exact text.
  returned: success
  type: str
currency:
  description: Always V(usd).
  returned: success
  type: str
model:
  description: The model that the price is for.
  returned: success
  type: str
provider:
  description: The provider that would run it, or V(null).
  returned: success
  type: str
request_id:
  description: Lumenfall's id of the request, for its support, or V(null).
  returned: always
  type: str
failure:
  description: The facts of an error, as M(lumenfall.cloud.lumenfall_balance) returns them.
  returned: after an error
  type: dict
"""

import functools  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.lumenfall.cloud.plugins.module_utils import _core  # noqa: E402
from ansible_collections.lumenfall.cloud.plugins.module_utils._options import (  # noqa: E402
    ESTIMATE_SPEC,
    ask,
    estimate_result,
    read_job,
    read_settings,
    task_result,
)


def main():
    """Estimate the cost on this host."""
    module = AnsibleModule(argument_spec=ESTIMATE_SPEC, supports_check_mode=True)
    try:
        request, endpoint, job = read_job(module.params)
        call = functools.partial(_core.LumenfallClient.estimate_cost, request=request, endpoint=endpoint)
        result = estimate_result(ask(read_settings(module.params, module.warn), call), job)
    except _core.LumenfallError as error:
        module.fail_json(**task_result(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
