// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors

// Codegen writes the SDKs that `pulumi package gen-sdk` would: that command needs a language host for each language,
// and this only the libraries that those hosts are made of.
//
// Usage: codegen SCHEMA FOLDER
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func main() {
	if err := generate(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(file, folder string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	// Pulumi's description of what a schema may hold.
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		return err
	}
	if err := schema.MetaSchema.Validate(document); err != nil {
		return err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return err
	}
	for language, write := range map[string]func(*schema.Package) (map[string][]byte, error){
		"nodejs": func(p *schema.Package) (map[string][]byte, error) {
			return nodejs.GeneratePackage("tests", p, nil, nil, true, nil)
		},
		"python": func(p *schema.Package) (map[string][]byte, error) {
			return python.GeneratePackage("tests", p, nil, nil)
		},
		"go": func(p *schema.Package) (map[string][]byte, error) { return gogen.GeneratePackage("tests", p, nil) },
	} {
		// Bound anew each time: a generator leaves its marks in what it is given.
		bound, err := schema.ImportSpec(spec, nil, schema.NewNullLoader(), schema.ValidationOptions{})
		if err != nil {
			return err
		}
		files, err := write(bound)
		if err != nil {
			return fmt.Errorf("%s: %w", language, err)
		}
		for name, content := range files {
			path := filepath.Join(folder, language, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, content, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
