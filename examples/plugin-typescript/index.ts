// Deploys only with funds, and shows what is left.
import * as pulumi from "@pulumi/pulumi";
import * as lumenfall from "pulumi-lumenfall";

const minimum = new pulumi.Config().requireNumber("minimum");

// Read now, in previews too; nothing of it is kept in the state.
const balance = lumenfall.getBalanceOutput({ minimum });

// The gate: below the minimum this resource fails, in preview and in up.
const funds = new lumenfall.Balance("funds", { minimum });

// Stands for whatever costs money. Not touched unless the balance is enough.
new pulumi.Stash("gpu", { input: "a100" }, { dependsOn: [funds] });

export const available = balance.available;
export const status = balance.status;
export const sufficient = balance.sufficient;
