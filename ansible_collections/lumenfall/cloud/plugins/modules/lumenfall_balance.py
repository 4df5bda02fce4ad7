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
  - Runs on the controller. The API key stays there, and the hosts need neither Python nor a way to the API.
    With C(delegate_to) it runs on that host instead, with that host's environment; the one exception is a
    C(localhost) that is the controller.
  - One task asks the API once, however many hosts it runs for. Each attempt of C(until), each item of C(loop), each
    batch of C(serial), each run of a handler and each API key asks anew, and no answer is older than 30 seconds.
  - A low balance does not fail the task, an error does. Use O(minimum) and RV(sufficient), the test
    P(lumenfall.cloud.funded#test), or the role P(lumenfall.cloud.require_balance#role) to stop a play.
  - A result that does not meet O(minimum) is shown without C(-v), also where the task does not fail.
  - A setting that is not given as an option is taken from the environment (which includes C(environment) on the
    task, its block or its play), and the API key, last, from the credentials file of the Lumenfall command line.
options:
  minimum:
    description:
      - The least amount, in dollars, that is enough. A number, 0 or more.
      - With it the module returns RV(sufficient) and RV(verdict).
      - It is compared exactly, as a decimal number. Without quotes, C(0.1) is 0.1.
    type: raw
  postpaid:
    description:
      - What a postpaid account, which has no amount, counts as.
    type: str
    choices:
      allow: It is enough.
      deny: It is too low.
    default: allow
  unavailable:
    description:
      - What a balance that is temporarily unavailable counts as. It is unknown then, which is not the same as 0.
    type: str
    choices:
      allow: It is enough.
      deny: One cannot tell, so it is not enough.
    default: deny
extends_documentation_fragment:
  - lumenfall.cloud._lumenfall
  - lumenfall.cloud._lumenfall.attributes
seealso:
  - plugin: lumenfall.cloud.funded
    plugin_type: test
  - plugin: lumenfall.cloud.lumenfall_balance
    plugin_type: lookup
  - name: Lumenfall API reference
    description: The documentation of the endpoint that is read.
    link: https://docs.lumenfall.ai/api-reference
"""

EXAMPLES = r"""
- name: Read the balance (the key is in LUMENFALL_API_KEY)
  lumenfall.cloud.lumenfall_balance:
  register: lumenfall

- name: Show it
  ansible.builtin.debug:
    msg: "{{ lumenfall.msg }}"

- name: Stop unless there are 5 dollars
  ansible.builtin.assert:
    that: lumenfall is lumenfall.cloud.funded(5)

- name: Read it with a key from a vault, and judge it at once
  lumenfall.cloud.lumenfall_balance:
    api_key: "{{ vault_lumenfall_api_key }}"
    minimum: 7.50
    unavailable: allow
  register: lumenfall
  failed_when: lumenfall is failed or not lumenfall.sufficient

- name: Wait up to ten minutes for a top-up
  lumenfall.cloud.lumenfall_balance:
    minimum: 7.50
  register: lumenfall
  until: lumenfall is success and lumenfall.sufficient
  retries: 20
  delay: 30

- name: Ask from the one host that may reach the API
  lumenfall.cloud.lumenfall_balance:
    api_key: "{{ vault_lumenfall_api_key }}"
  delegate_to: bastion
"""

RETURN = r"""
msg:
  description:
    - One line for a person.
    - With O(minimum) it names the verdict, what there is, what is needed, and what to do.
  returned: always
  type: str
  sample: 'enough: 12.50 usd available (prepaid), 7.50 more than the 5.00 needed'
balance:
  description: The balance of the account.
  returned: success
  type: dict
  sample:
    object: balance
    billing_type: prepaid
    available:
      amount: 12.5
      currency: usd
    status: known
  contains:
    object:
      description: Always V(balance).
      returned: always
      type: str
      sample: balance
    billing_type:
      description: V(prepaid) or V(postpaid).
      returned: always
      type: str
      sample: prepaid
    available:
      description: What there is.
      returned: always
      type: dict
      sample:
        amount: 12.5
        currency: usd
      contains:
        amount:
          description:
            - Dollars available, which may be 0 or less.
            - V(null) on a postpaid account, and while the balance is temporarily unavailable; it never means 0.
          returned: always
          type: float
          sample: 12.5
        currency:
          description: Always V(usd).
          returned: always
          type: str
          sample: usd
    status:
      description:
        - V(known) if there is an amount, V(postpaid) if there is none because the account is postpaid, V(unavailable)
          if there is none although the account is prepaid.
      returned: always
      type: str
      sample: known
sufficient:
  description: Whether the balance is enough.
  returned: success, and O(minimum) is given
  type: bool
  sample: true
verdict:
  description:
    - V(enough), V(too low), or V(cannot tell).
    - After a failure it is V(too low) if the API itself said that funds have run out (HTTP 402), else V(cannot tell).
  returned: O(minimum) is given
  type: str
  sample: enough
request_id:
  description: What Lumenfall calls this request, for its support; V(null) if the answer did not say.
  returned: success
  type: str
  sample: req_0123456789abcdef
retry_after_seconds:
  description: How many seconds the server asked to be left alone.
  returned: failure, and the server asked for it
  type: float
  sample: 20.0
failure:
  description: The facts of an error, for C(failed_when), C(until) and C(rescue).
  returned: failure
  type: dict
  sample:
    type: RateLimitedError
    status: 429
    code: RATE_LIMITED
    request_id: req_0123456789abcdef
    attempts: 3
    retryable: true
    hint: wait a little, then run it again
  contains:
    type:
      description:
        - V(ConfigurationError), V(AuthenticationError), V(PermissionDeniedError), V(InsufficientBalanceError),
          V(RateLimitedError), V(ServerError), V(APIError), V(ConnectionFailedError), V(ProxyError), V(TLSError),
          V(DeadlineExceededError), V(UnexpectedRedirectError) or V(InvalidResponseError).
      returned: always
      type: str
      sample: RateLimitedError
    status:
      description: HTTP status of the answer, or V(null) if there was none.
      returned: always
      type: int
      sample: 429
    code:
      description: The error code of the API, or V(null).
      returned: always
      type: str
      sample: RATE_LIMITED
    request_id:
      description: What Lumenfall calls the request, or V(null).
      returned: always
      type: str
      sample: req_0123456789abcdef
    attempts:
      description: How many requests were tried; 0 if nothing was sent.
      returned: always
      type: int
      sample: 3
    retryable:
      description: Whether the same task may succeed later without a change.
      returned: always
      type: bool
      sample: true
    hint:
      description: What to do next, or V(null).
      returned: always
      type: str
      sample: wait a little, then run it again
"""


from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.lumenfall.cloud.plugins.module_utils._core import (  # noqa: E402
    LumenfallClient,
    LumenfallError,
)
from ansible_collections.lumenfall.cloud.plugins.module_utils._options import (  # noqa: E402
    ARGUMENT_SPEC,
    balance_result,
    failure_result,
    read_gate,
    read_settings,
    unfit_to_show,
)

try:
    from ansible.module_utils.secrets import register_secret
except ImportError:  # ansible-core before 2.22
    register_secret = None


def main():
    """Read the balance on this host."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    # Ansible puts the arguments into the result; since 2.22 it masks registered secrets instead.
    getattr(module, "no_log_values", set()).update(unfit_to_show(module.params))
    try:
        gate = read_gate(module.params)
        settings = read_settings(module.params)
        if register_secret is not None:
            register_secret(settings.api_key.reveal())
        for warning in settings.warnings:
            module.warn(warning)
        with LumenfallClient.from_settings(settings) as client:
            result = balance_result(client.fetch_balance(), gate)
    except LumenfallError as error:
        module.fail_json(**failure_result(error, gated=module.params["minimum"] is not None))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
