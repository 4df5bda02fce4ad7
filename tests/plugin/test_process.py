# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The plugin's configuration over gRPC, and its life: how it starts, is interrupted, and ends."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from pulumi_lumenfall.core import __version__
from pulumi_lumenfall.sandbox import Sandbox
from support.leaks import KEY, OTHER_KEY, leaked
from support.plugin import (
    PLUGIN,
    PROVIDER_URN,
    UNKNOWN,
    Engine,
    Hold,
    Plugin,
    failures,
    returned,
    secret,
    struct,
    values,
)

END_SECONDS = 30


def test_the_key_is_secret_in_the_state(process: Plugin) -> None:
    """Even where a program gives it in plain text; everything else comes back as it was."""
    others = {"timeout": "20", "baseUrl": "https://example.invalid/v1", "version": "0.1.0"}
    response = process.check_config(apiKey=KEY, **others)
    assert failures(response) == []
    assert values(response.inputs) == {"apiKey": secret(KEY), **others}


def test_unknown_missing_and_quoted_config(process: Plugin, api: Sandbox) -> None:
    """A destroy needs no key; and SDKs send text, where the schema has a number, as JSON."""
    unknown = {"apiKey": UNKNOWN, "timeout": UNKNOWN}
    assert values(process.check_config(**unknown).inputs) == unknown
    assert failures(process.check_config()) == failures(process.check_config(timeout='"20"', maxAttempts='"2"')) == []
    process.configure(apiKey=KEY, baseUrl=api.url, timeout='"20"', maxAttempts='"1"')
    api.status = 503
    assert len(failures(process.get_balance())) == len(api.requests) == 1


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("timeout", '"soon"', "lumenfall:timeout: 'soon' is not a duration"),
        ("maxAttempts", "11", "lumenfall:maxAttempts: '11' is not a whole number from 1 to 10"),
        ("baseUrl", f"https://user:{KEY}@example.invalid", "lumenfall:baseUrl: the base URL "),
        ("apiKey", f"Bearer {KEY}", "lumenfall:apiKey: the API key starts with 'Bearer '"),
        ("apikey", KEY, "lumenfall:apikey: there is no such setting; known are apiKey, baseUrl, timeout"),
    ],
)
def test_bad_config_is_named(process: Plugin, name: str, value: Any, reason: str) -> None:
    (failure,) = failures(process.check_config(**{name: value}))
    assert failure.startswith(reason)
    assert not leaked(failure)


def test_a_changed_key_replaces_nothing(process: Plugin) -> None:
    """A replaced provider would replace all its resources."""
    request = pb.DiffRequest(urn=PROVIDER_URN, olds=struct({"apiKey": KEY}), news=struct({"apiKey": OTHER_KEY}))
    response = process.stub.DiffConfig(request)
    assert response.changes == pb.DiffResponse.DIFF_SOME
    assert (list(response.diffs), list(response.replaces)) == (["apiKey"], [])


def test_bad_and_missing_settings_fail_where_they_are_needed(process: Plugin, api: Sandbox) -> None:
    process.configure(apiKey=KEY, baseUrl=api.url, timeout="soon")
    assert failures(process.get_balance())[0].startswith("lumenfall:timeout: 'soon' is not a duration")
    assert failures(process.check(minimum=0))[0].startswith("cannot tell whether the balance is enough: lumenfall:")
    process.cancel()
    process.configure()
    assert failures(process.get_balance())[0].startswith("no API key: looked at lumenfall:apiKey, LUMENFALL_API_KEY, ")
    assert api.requests == []


def test_an_explicit_provider_is_named(process: Plugin, api: Sandbox) -> None:
    api.status = 401
    process.configure("studio", apiKey=KEY, baseUrl=api.url)
    assert "(the key came from provider studio: apiKey)" in failures(process.get_balance())[0]


def test_config_comes_before_the_environment(api: Sandbox) -> None:
    env = {"LUMENFALL_API_KEY": KEY, "LUMENFALL_API_BASE": api.url, "LUMENFALL_MAX_ATTEMPTS": "1"}
    with Plugin(env=env) as plugin:
        plugin.configure()
        assert returned(plugin.get_balance())["status"] == "known"
        plugin.cancel()
        plugin.configure(apiKey=OTHER_KEY)
        assert "HTTP 401" in failures(plugin.get_balance())[0]


def test_one_process_is_one_provider(process: Plugin, api: Sandbox) -> None:
    """The engine configures an attached process for each provider of a stack: one must not judge for another."""
    process.configure(apiKey=KEY, baseUrl=api.url)
    process.configure(apiKey=KEY, baseUrl=api.url)
    with pytest.raises(grpc.RpcError, match="this process already serves a provider with other") as error:
        process.configure(apiKey=OTHER_KEY, baseUrl=api.url)
    assert error.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert not leaked(str(error.value))
    assert returned(process.get_balance())["status"] == "known"


def test_a_readable_credentials_file_is_warned_about_once(tmp_path: Path, api: Sandbox) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"api_key": KEY}), encoding="utf-8")
    file.chmod(0o644)
    env = {"LUMENFALL_CONFIG_DIR": str(tmp_path), "LUMENFALL_API_BASE": api.url, "LUMENFALL_CACHE_SECONDS": "0"}
    with Plugin(env=env) as plugin:
        plugin.configure()
        returned(plugin.get_balance())
        returned(plugin.get_balance())
        assert plugin.stderr().count(f"chmod 600 {file}\n") == plugin.stderr().count("\n") == 1


def test_a_proxy_in_the_environment_is_not_for_grpc(api: Sandbox) -> None:
    names = ("http_proxy", "https_proxy", "HTTPS_PROXY", "grpc_proxy")
    # Port 9 is discard's; nothing would answer there.
    with Engine() as engine, Plugin(engine.address, dict.fromkeys(names, "http://127.0.0.1:9")) as plugin:
        plugin.configure(apiKey=KEY, baseUrl=api.url)
        assert returned(plugin.get_balance())["status"] == "known"
        assert plugin.process.poll() is None


def test_methods_that_are_missing(process: Plugin) -> None:
    """The engine goes on without them, and no user sees a traceback."""
    assert process.stub.GetPluginInfo(Empty()).version == __version__
    assert process.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1")) == Empty()
    for method, request in (
        (process.stub.Handshake, pb.ProviderHandshakeRequest(engine_address="127.0.0.1:1")),
        (process.stub.GetMapping, pb.GetMappingRequest(key="terraform")),
    ):
        with pytest.raises(grpc.RpcError) as error:
            method(request)
        assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert process.stderr() == ""


@contextlib.contextmanager
def waiting(method: str = "Invoke") -> Iterator[tuple[Plugin, Engine, Any]]:
    """A plugin, its engine, and a call that waits for the API."""
    hold = Hold()
    with Sandbox(amount="12.50", key=KEY, on_request=hold) as api, Engine() as engine:
        with Plugin(engine.address) as plugin:
            plugin.configure(apiKey=KEY, baseUrl=api.url, timeout=600)
            call = plugin.begin(method)
            hold.wait()
            yield plugin, engine, call
            assert "pulumi_lumenfall" not in plugin.stderr()
        hold.release()


@pytest.mark.parametrize("method", ["Invoke", "Check", "Read"])
def test_cancel_ends_waiting_calls(method: str, api: Sandbox) -> None:
    """At once and as failures, and so do later ones until the next run."""
    with waiting(method) as (plugin, _engine, call):
        plugin.cancel()
        for cancelled in (call, plugin.begin(method)):
            with pytest.raises(grpc.RpcError, match="interrupted before the balance was read") as error:
                cancelled.result(END_SECONDS)
            assert error.value.code() == grpc.StatusCode.CANCELLED
        assert plugin.delete({}) == Empty()
        plugin.configure(apiKey=KEY, baseUrl=api.url)
        assert returned(plugin.get_balance())["status"] == "known"


def test_it_ends_with_its_engine() -> None:
    """A killed engine leaves no orphan behind, even in the middle of a call."""
    with waiting() as (plugin, engine, call):
        assert plugin.process.poll() is None
        engine.stop()
        assert plugin.process.wait(END_SECONDS) == 0
        with pytest.raises(grpc.RpcError):
            call.result(END_SECONDS)


def test_an_interrupt_is_handled_by_the_engine() -> None:
    """A Ctrl-C ends the calls, not the plugin, which the engine still has to hear of them; after Cancel it ends it."""
    with waiting() as (plugin, _engine, call):
        plugin.process.send_signal(signal.SIGINT)
        with pytest.raises(grpc.RpcError, match="interrupted before the balance was read"):
            call.result(END_SECONDS)
        assert plugin.stub.GetPluginInfo(Empty()).version == __version__
        plugin.cancel()
        plugin.process.send_signal(signal.SIGINT)
        assert plugin.process.wait(END_SECONDS) == 0


@pytest.mark.parametrize(("number", "has_engine"), [("SIGTERM", False), ("SIGINT", False), ("SIGINT", True)])
def test_a_signal_ends_it(engine: Engine, number: str, has_engine: bool) -> None:
    """With an engine too, where it only gave its schema: the engine waits 5 s for a plugin that stays."""
    with Plugin(engine.address if has_engine else None) as plugin:
        plugin.stub.GetSchema(pb.GetSchemaRequest())
        plugin.process.send_signal(signal.Signals[number])
        assert plugin.process.wait(END_SECONDS) == 0
        assert plugin.stderr() == ""


def test_a_start_loads_only_what_it_needs() -> None:
    """The SDK would take longer than everything else, and requests is for the request alone."""
    code = "import sys, pulumi_lumenfall.provider.process; print({'pulumi', 'requests', 'dill'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_started_by_a_person_it_says_what_it_is() -> None:
    done = subprocess.run([sys.executable, PLUGIN, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"pulumi-resource-lumenfall {__version__}: a Pulumi provider plugin")
