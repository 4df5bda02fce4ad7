// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors

// Runs a program inline, through the Automation API of Node.js. It prints the outputs as JSON, or the engine's text on
// the way to a failure.
//
// Usage: node automation.js PROGRAM preview|up|destroy [KEY=VALUE of stack config...]

"use strict";

const { LocalWorkspace } = require("@pulumi/pulumi/automation");

async function main([file, command, ...config]) {
    const stack = await LocalWorkspace.createOrSelectStack({
        stackName: "dev",
        projectName: "inline",
        program: require(file),
    });
    if (process.env.KEY) {
        await stack.setConfig("lumenfall:apiKey", { value: process.env.KEY, secret: true });
    }
    for (const setting of config) {
        const [name, value] = setting.split("=");
        await stack.setConfig(name, { value });
    }
    await stack[command]();
    const outputs = Object.entries(await stack.outputs());
    console.log(JSON.stringify(Object.fromEntries(outputs.map(([name, output]) => [name, output.value]))));
}

main(process.argv.slice(2)).catch((error) => {
    console.error(error.commandResult ? `${error.commandResult.stdout}\n${error.commandResult.stderr}` : error);
    process.exit(1);
});
