#!/bin/sh
':' //; exec node --max-semi-space-size=2 -- "$0" "$@"
// Both a shell script and a module. Node reads an --env-file among a script's own arguments as its own, runs
// the NODE_OPTIONS it finds there and exits 9 when it is missing; only "--" before the script stops it
// (https://github.com/nodejs/node/issues/54232). The collector is to come early: a run makes little that lasts, and
// V8 would rather let a batch take two hundred megabytes than clean up.
import '../dist/main.js';
