// Deploys only with funds, and shows what is left.
package main

import (
	"github.com/pulumi-lumenfall/pulumi-lumenfall/sdk/go/lumenfall"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		minimum := pulumi.Float64(config.RequireFloat64(ctx, "minimum"))

		// Read now, in previews too; nothing of it is kept in the state. (GetBalance would look up a resource.)
		balance := lumenfall.LookupBalanceOutput(ctx, lumenfall.LookupBalanceOutputArgs{Minimum: minimum})

		// The gate: below the minimum this resource fails, in preview and in up.
		funds, err := lumenfall.NewBalance(ctx, "funds", &lumenfall.BalanceArgs{Minimum: minimum})
		if err != nil {
			return err
		}

		// Stands for whatever costs money. Not touched unless the balance is enough.
		_, err = pulumi.NewStash(ctx, "gpu", &pulumi.StashArgs{Input: pulumi.String("a100")},
			pulumi.DependsOn([]pulumi.Resource{funds}))
		if err != nil {
			return err
		}

		ctx.Export("available", balance.Available())
		ctx.Export("status", balance.Status())
		ctx.Export("sufficient", balance.Sufficient())
		return nil
	})
}
