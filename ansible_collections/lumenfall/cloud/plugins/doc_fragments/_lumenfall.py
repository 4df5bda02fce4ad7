# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The shared options, described once. Private to the collection ``lumenfall.cloud``."""

from __future__ import annotations


class ModuleDocFragment:
    """What Ansible merges into the documentation of the modules, the lookup and the test."""

    DOCUMENTATION = r"""
options:
  api_key:
    description:
      - The API key. The default is E(LUMENFALL_API_KEY), then the C(api_key) in C(~/.lumenfall/credentials.json)
        (E(LUMENFALL_CONFIG_DIR) moves the folder).
      - Do not write a key into a playbook, since Ansible shows the lines around a task that failed. Use the
        environment, a vault, or a credential of your automation platform.
    type: str
  base_url:
    description:
      - Where the API is. It starts with V(https://), or V(http://) for a loopback host, and may end in C(/v1) or
        C(/openai/v1).
      - The default is E(LUMENFALL_API_BASE), then V(https://api.lumenfall.ai).
    type: str
  timeout:
    description:
      - Total deadline from DNS to the last attempt, above 0 and up to 3600 seconds, such as V(20) or V(20s).
      - The default is E(LUMENFALL_TIMEOUT), then V(30).
    type: raw
  max_attempts:
    description:
      - Requests in all, 1 to 10. Only temporary failures are retried, such as a rate limit or a failed connection.
      - The default is E(LUMENFALL_MAX_ATTEMPTS), then V(3).
    type: raw
  ca_path:
    description:
      - PEM file or folder of CA certificates to trust instead of the system's.
      - The default is E(REQUESTS_CA_BUNDLE), then E(CURL_CA_BUNDLE). E(SSL_CERT_FILE) and E(SSL_CERT_DIR) change what
        the system trusts.
    type: path
  validate_certs:
    description: Whether the server's certificate is verified. V(false) is for tests only, since it exposes the API key.
    type: bool
    default: true
requirements:
  - requests >= 2.32.4, for the Python that Ansible runs with (with C(delegate_to), for the Python on that host)
notes:
  - E(HTTPS_PROXY), E(ALL_PROXY) and E(NO_PROXY) are honored.
"""

    GATE = r"""
options:
  minimum:
    description: The least amount in dollars that is enough, 0 or more. It is compared exactly, as a decimal number.
    type: raw
  postpaid:
    description: Whether a postpaid account, which has no amount, counts as enough (V(allow)) or too low (V(deny)).
    type: str
    choices: [allow, deny]
    default: allow
  unavailable:
    description:
      - What a balance that is temporarily unavailable, which is unknown and not 0, counts as. V(allow) is enough; with
        V(deny) the verdict is V(cannot tell), which is not enough.
    type: str
    choices: [allow, deny]
    default: deny
"""

    # The type of validate_certs: Ansible takes any text that is not a boolean for false; the plugin does not.
    VARIABLES = r"""
options:
  api_key: {vars: [{name: lumenfall_api_key}]}
  base_url: {vars: [{name: lumenfall_base_url}], ini: [{section: lumenfall, key: base_url}]}
  timeout: {vars: [{name: lumenfall_timeout}], ini: [{section: lumenfall, key: timeout}]}
  max_attempts: {vars: [{name: lumenfall_max_attempts}], ini: [{section: lumenfall, key: max_attempts}]}
  ca_path: {vars: [{name: lumenfall_ca_path}], ini: [{section: lumenfall, key: ca_path}]}
  validate_certs:
    type: raw
    vars: [{name: lumenfall_validate_certs}]
    ini: [{section: lumenfall, key: validate_certs}]
"""

    ATTRIBUTES = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
    details: It asks as usual, but does not wait.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check mode), when in diff mode.
    support: N/A
  platform:
    description: Target OS or families that can be operated against.
    platforms: posix
    support: full
    details: The controller, or the host of C(delegate_to). The hosts of the play do not matter.
  action_group:
    description: Use C(group/lumenfall.cloud.lumenfall) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - lumenfall.cloud.lumenfall
"""
