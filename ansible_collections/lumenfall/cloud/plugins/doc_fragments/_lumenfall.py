# Copyright (c) 2026, The pulumi-lumenfall authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The shared options, described once.

Private to the collection ``lumenfall.cloud``: no other collection may use it.
"""

from __future__ import annotations


class ModuleDocFragment:
    """What Ansible merges into the documentation of the module and the lookup."""

    DOCUMENTATION = r"""
options:
  api_key:
    description:
      - The API key, as shown at U(https://lumenfall.ai/app/api_keys).
      - If it is not set, the environment variable E(LUMENFALL_API_KEY) is used, and then the file
        C(~/.lumenfall/credentials.json) of the Lumenfall command line (E(LUMENFALL_CONFIG_DIR) moves its folder).
      - Keep the key out of playbooks. Ansible shows the lines around a task that failed. Use the environment, a
        vault, or a variable that is filled in by your automation platform.
    type: str
  base_url:
    description:
      - Where the API is. It may end in C(/), C(/v1) or C(/openai/v1).
      - It must start with V(https://), except for V(http://) to a loopback host.
      - If it is not set, the environment variable E(LUMENFALL_API_BASE) is used, and then V(https://api.lumenfall.ai).
    type: str
  timeout:
    description:
      - Seconds in which there must be an answer, above 0 and up to 3600. It covers everything, from resolving the
        name of the server to the last attempt and the waits between them.
      - If it is not set, the environment variable E(LUMENFALL_TIMEOUT) is used, and then V(30).
    type: raw
  max_attempts:
    description:
      - How many requests to make at the most, 1 to 10. Only what may pass is tried again, such as a rate limit, a
        failed connection, or an error of the server.
      - If it is not set, the environment variable E(LUMENFALL_MAX_ATTEMPTS) is used, and then V(3).
    type: raw
  ca_path:
    description:
      - A PEM file or a hashed folder of CA certificates to trust in place of the platform's.
      - If it is not set, the environment variables E(REQUESTS_CA_BUNDLE), E(CURL_CA_BUNDLE) and E(SSL_CERT_FILE) are
        looked at.
    type: path
  validate_certs:
    description:
      - Whether the certificate of the server is verified. V(false) is for tests only, since it lets anyone on the way
        take the API key.
    type: bool
    default: true
requirements:
  - requests >= 2.32.4, for the Python that Ansible itself runs with (with C(delegate_to), for the one on that host)
notes:
  - The proxy variables E(HTTPS_PROXY), E(ALL_PROXY) and E(NO_PROXY) are honored.
"""

    SOURCES = r"""
options:
  api_key:
    vars:
      - name: lumenfall_api_key
    env:
      - name: LUMENFALL_API_KEY
  base_url:
    vars:
      - name: lumenfall_base_url
    env:
      - name: LUMENFALL_API_BASE
    ini:
      - section: lumenfall
        key: base_url
  timeout:
    vars:
      - name: lumenfall_timeout
    env:
      - name: LUMENFALL_TIMEOUT
    ini:
      - section: lumenfall
        key: timeout
  max_attempts:
    vars:
      - name: lumenfall_max_attempts
    env:
      - name: LUMENFALL_MAX_ATTEMPTS
    ini:
      - section: lumenfall
        key: max_attempts
  ca_path:
    vars:
      - name: lumenfall_ca_path
    env:
      # Ansible takes the last one that is set.
      - name: SSL_CERT_FILE
      - name: CURL_CA_BUNDLE
      - name: REQUESTS_CA_BUNDLE
    ini:
      - section: lumenfall
        key: ca_path
  validate_certs:
    # Read by the plugin: as "bool", any text that is none would count as false.
    type: raw
    vars:
      - name: lumenfall_validate_certs
    ini:
      - section: lumenfall
        key: validate_certs
"""

    ATTRIBUTES = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode, and does the same in it.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check mode), when in diff mode.
    support: N/A
    details: It changes nothing.
  idempotent:
    description: When run twice in a row, with the same arguments, the second invocation indicates no change.
    support: full
    details: It is never V(changed).
  async:
    description: Supports being used with the C(async) keyword.
    support: none
    details: It is refused, since O(timeout) already bounds the task, and the answer is for now, not for later.
  platform:
    description: Target OS or families that can be operated against.
    platforms: posix
    support: full
    details: The controller, or the host of C(delegate_to). What the hosts of the play run on does not matter.
  action_group:
    description: Use C(group/lumenfall.cloud.lumenfall) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - lumenfall.cloud.lumenfall
"""
