# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
# Stops "terraform plan" and "terraform apply" unless the balance is enough. The key comes from the environment.
# Without funds, "terraform destroy -refresh=false" still works.
terraform {
  required_providers {
    external = {
      source  = "hashicorp/external"
      version = ">= 2.3"
    }
  }
}

variable "minimum" {
  description = "The least amount that is enough, in dollars."
  type        = string
  default     = "5"
}

# Runs while Terraform plans. An exit status other than 0 ends the plan, with the message.
data "external" "lumenfall" {
  program = ["lumenfall-balance", "check", "--minimum", var.minimum, "--format", "flat"]
}

# What costs money depends on it, so that "-target" does not go around it.
resource "terraform_data" "render" {
  input      = "a costly resource"
  depends_on = [data.external.lumenfall]
}

output "lumenfall_available" {
  value = data.external.lumenfall.result.amount
}
