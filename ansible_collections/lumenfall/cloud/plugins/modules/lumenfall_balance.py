#!/usr/bin/python
# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: Apache-2.0 OR GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The module that Ansible sends to a host which the task is delegated to; else only its documentation is used."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lumenfall_balance
short_description: Read the balance of a Lumenfall account
version_added: 0.1.0
author:
  - The pulumi-lumenfall authors (@pulumi-lumenfall)
description:
  - Reads the balance of a Lumenfall account, and says whether it is enough for what a play is about to do.
  - With O(minimum) and O(require) this one task is a gate. It fails unless the balance is enough, and on every error.
  - Runs on the controller. The API key stays there, and the hosts need neither Python nor a way to the API.
    With C(delegate_to) it runs on that host instead, unless that is a C(localhost) which is the controller.
  - One task asks the API once for all its hosts, and shares the answer for up to 30 seconds
    (E(LUMENFALL_CACHE_SECONDS); V(0) turns it off). Each attempt of C(until), item of a C(loop), batch of C(serial) and
    API key asks again; handlers and delegated tasks ask for each host.
  - A setting that is not an option comes from the environment. C(environment) on the task counts in full. Of what the
    task inherits from its play, role or block only C(LUMENFALL_*) counts, since proxies and CA files there describe the
    network of the hosts.
options:
  require:
    description:
      - Whether to fail unless the verdict is V(enough). It needs O(minimum).
      - Without it a low balance does not fail the task, and a warning says what there is. An error always fails it.
    type: bool
    default: false
  wait:
    description:
      - How long to wait for a top-up, such as V(15m), V(1h30m) or a number of seconds. It needs O(minimum).
      - It is one wait for the task, whatever the number of hosts and forks. The last look is at its end.
      - What waiting cannot change, such as a wrong API key, ends it at once. In check mode nothing waits.
    type: raw
  poll:
    description: Time between two looks while waiting, 1 second or more. The default is V(30s).
    type: raw
extends_documentation_fragment:
  - lumenfall.cloud._lumenfall
  - lumenfall.cloud._lumenfall.gate
  - lumenfall.cloud._lumenfall.attributes
seealso:
  - plugin: lumenfall.cloud.funded
    plugin_type: test
  - plugin: lumenfall.cloud.lumenfall_balance
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Stop unless there are 5 dollars (the key is in LUMENFALL_API_KEY)
  lumenfall.cloud.lumenfall_balance:
    minimum: 5
    require: true

- name: Wait up to 15 minutes for a top-up, with a key from a vault
  lumenfall.cloud.lumenfall_balance:
    api_key: "{{ vault_lumenfall_api_key }}"
    minimum: 7.50
    require: true
    wait: 15m

- name: Read the balance
  lumenfall.cloud.lumenfall_balance:
  register: funds

- name: Show it
  ansible.builtin.debug:
    msg: "{{ funds.msg }}"
"""

RETURN = r"""
msg:
  description: One line. With O(minimum) it starts with the verdict, and says what to do.
  returned: always
  type: str
  sample: 'enough: 12.50 usd available (prepaid), 7.50 more than the 5.00 needed'
balance:
  description:
    - The balance of the account.
    - C(available.amount) is V(null) on a postpaid account and while the balance is temporarily unavailable. It can be 0
      or negative; V(null) never means 0.
    - C(status) is V(known) if there is an amount, else V(postpaid) or V(unavailable).
  returned: success
  type: dict
  sample: {object: balance, billing_type: prepaid, available: {amount: 12.5, currency: usd}, status: known}
sufficient:
  description: Whether the verdict is V(enough). After an error it is V(false).
  returned: if O(minimum) is given
  type: bool
verdict:
  description:
    - V(enough), V(too low), or V(cannot tell).
    - After an error it is V(too low) if the API itself said that there are no funds (HTTP 402), else V(cannot tell).
    - Compare it with V(enough) only. A comparison with V(too low) passes when the API is down.
  returned: if O(minimum) is given
  type: str
request_id:
  description: Lumenfall's id of the request, for its support, or V(null).
  returned: always
  type: str
failure:
  description:
    - The facts of an error. C(type) is a class such as V(RateLimitedError), C(status) the HTTP status or V(null),
      C(code) the API's error code or V(null), C(attempts) the number of requests sent, C(retryable) whether the same
      task may succeed later, C(hint) what to do.
  returned: after an error
  type: dict
"""

import functools  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.lumenfall.cloud.plugins.module_utils import _core  # noqa: E402
from ansible_collections.lumenfall.cloud.plugins.module_utils._options import (  # noqa: E402
    ARGUMENT_SPEC,
    ask,
    read_demand,
    read_settings,
    task_result,
)


def main():
    """Read the balance on this host."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        demand = read_demand(module.params, may_wait=not module.check_mode)
        fetch = functools.partial(ask, read_settings(module.params, module.warn), _core.LumenfallClient.fetch_balance)
        outcome = _core.wait_until_enough(fetch, demand.gate, demand.wait, demand.poll) if demand.wait else fetch()
        result = task_result(outcome, demand.gate)
    except _core.LumenfallError as error:
        result = task_result(error, is_gated=module.params["minimum"] is not None)
    if result.get("failed") or (module.params["require"] and not result["sufficient"]):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
