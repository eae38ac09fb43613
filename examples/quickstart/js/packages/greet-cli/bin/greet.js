#!/usr/bin/env node
import { greeting } from "@quickstart/greet";

console.log(greeting(process.argv[2] ?? "packages"));
