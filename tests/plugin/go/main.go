// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors

// An inline program through Go's Automation API, with the generated SDK. It prints the outputs as JSON, or the engine's
// text on the way to a failure.
//
// Usage: automation preview|up|destroy
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/pulumi-lumenfall/pulumi-lumenfall/sdk/go/lumenfall"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func program(ctx *pulumi.Context) error {
	minimum := pulumi.Float64(5)
	// Asked for with an Output, and with a plain value.
	output := lumenfall.LookupBalanceOutput(ctx, lumenfall.LookupBalanceOutputArgs{Minimum: minimum.ToFloat64Output()})
	plain, err := lumenfall.LookupBalance(ctx, &lumenfall.LookupBalanceArgs{Minimum: pulumi.Float64Ref(50)})
	if err != nil {
		return err
	}
	// A provider of its own, with its key in the clear.
	second, err := lumenfall.NewProvider(ctx, "second", &lumenfall.ProviderArgs{
		ApiKey: pulumi.String(os.Getenv("OTHER_KEY")),
	})
	if err != nil {
		return err
	}
	other, err := lumenfall.NewBalance(ctx, "other", nil, pulumi.Provider(second))
	if err != nil {
		return err
	}
	funds, err := lumenfall.NewBalance(ctx, "funds", &lumenfall.BalanceArgs{Minimum: minimum})
	if err != nil {
		return err
	}
	_, err = pulumi.NewStash(ctx, "gpu", &pulumi.StashArgs{Input: pulumi.String("a100")},
		pulumi.DependsOn([]pulumi.Resource{funds}))
	if err != nil {
		return err
	}
	ctx.Export("available", output.Available())
	ctx.Export("sufficient", pulumi.Array{output.Sufficient(), pulumi.Bool(*plain.Sufficient)})
	ctx.Export("status", funds.Status)
	ctx.Export("other", other.Available.Amount())
	return nil
}

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command string) error {
	stack, err := auto.UpsertStackInlineSource(ctx, "dev", "inline", program)
	if err != nil {
		return err
	}
	key := auto.ConfigValue{Value: os.Getenv("KEY"), Secret: true}
	if err := stack.SetConfig(ctx, "lumenfall:apiKey", key); err != nil {
		return err
	}
	switch command {
	case "preview":
		_, err = stack.Preview(ctx)
	case "destroy":
		_, err = stack.Destroy(ctx)
	default:
		_, err = stack.Up(ctx)
	}
	if err != nil {
		return err
	}
	outputs, err := stack.Outputs(ctx)
	if err != nil {
		return err
	}
	values := map[string]any{}
	for name, output := range outputs {
		values[name] = output.Value
	}
	return json.NewEncoder(os.Stdout).Encode(values)
}
