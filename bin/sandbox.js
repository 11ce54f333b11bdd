#!/bin/sh
':' //; exec node -- "$0" "$@"
// Both a shell script and a module. Node reads an --env-file among a script's own arguments as its own, runs
// the NODE_OPTIONS it finds there and exits 9 when it is missing; only "--" before the script stops it
// (https://github.com/nodejs/node/issues/54232).
import '../dist/main.js';
