"""Two accounts in one program. No key of either gets into the state."""

import pulumi

import pulumi_lumenfall as lumenfall

# The stack's own account: lumenfall:apiKey or LUMENFALL_API_KEY.
studio = lumenfall.get_balance()

# Another one, with functions and hooks: its key is an argument, which is used and not kept. In a namespace of its own,
# since the provider plugin refuses settings of "lumenfall" that it does not know.
second_key = pulumi.Config("accounts").require_secret("secondKey")
second = lumenfall.get_balance_output(api_key=second_key)
funded = lumenfall.balance_hook(1, api_key=second_key)

# With Balance, whose arguments are kept in the state: where the key is, never the key itself.
third = lumenfall.Balance("second-account", api_key_from="accounts:secondKey")

pulumi.export("studio", studio.available.amount)
pulumi.export("second", second.available.amount)
pulumi.export("third", third.available.amount)
