"""A policy pack: no stack that it is applied to is previewed or deployed without funds."""

from pulumi_policy import PolicyPack

from pulumi_lumenfall.policy import require_balance_policy

PolicyPack(name="lumenfall-funds", policies=[require_balance_policy(20)])
