# Everything is made by itself, and below .build/ but for the reports and podman's image of the lab. `make run INVENTORY=...` needs git and Python 3.11 or newer;
# the lab (`make run` alone), and so `make test`, also root and Debian 12, where packages that are missing are installed.
SHELL := /bin/bash
BUILD := $(CURDIR)/.build
COLLECTION := $(BUILD)/ansible_collections/linuxnet/socket_buffers
RUN := $(BUILD)/venv-run
TEST := $(BUILD)/venv-test
LAB := python3 tests/lab/lab.py
PLAYBOOK ?= measure_tune_verify
# On the lab by default; on your own hosts with INVENTORY=...
INVENTORY ?=
LIMIT ?=
ARGS ?=

export ANSIBLE_HOME := $(BUILD)/ansible
# Your own collections stay in reach, after this checkout.
export ANSIBLE_COLLECTIONS_PATH := $(BUILD):$(or $(ANSIBLE_COLLECTIONS_PATH),$(HOME)/.ansible/collections:/usr/share/ansible/collections)
export ANSIBLE_LOCALHOST_WARNING := false

.PHONY: help run run-lab run-inventory lab-up lab-down tree test test-kernels test-faults bench bench-stalls bench-latency-overhead bench-aa bench-regret clean

help:
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1: /p' Makefile

run: $(if $(INVENTORY),run-inventory,run-lab) ## measure, tune and verify: the lab, or INVENTORY=... [LIMIT=... ARGS="-K --check"] [PLAYBOOK=measure]

run-inventory: tree $(RUN)/ready
	@command -v ssh >/dev/null || tools/apt.sh openssh-client
	$(RUN)/bin/ansible-playbook -i '$(INVENTORY)' $(if $(LIMIT),--limit '$(LIMIT)') $(ARGS) linuxnet.socket_buffers.$(PLAYBOOK)

run-lab: tree $(RUN)/ready lab-up
	$(RUN)/bin/ansible-playbook -i $(BUILD)/lab/hosts.yml -e @tests/lab/vars.yml $(if $(LIMIT),--limit '$(LIMIT)') $(ARGS) linuxnet.socket_buffers.$(PLAYBOOK)

lab-up: $(BUILD)/lab-ready ## start the lab's hosts and their traffic
	$(LAB) up

lab-down: ## remove the lab's hosts
	$(LAB) down

tree: ## the real copy of the collection that Ansible's tools want
	@tools/copy_tree.sh $(COLLECTION)

$(RUN)/ready: tools/requirements-run.txt
	tools/venv.sh $(RUN) $<
	touch $@

$(TEST)/ready: tools/requirements-test.txt tools/requirements-run.txt
	tools/venv.sh $(TEST) $<
	touch $@

$(BUILD)/venv-core216/ready: tools/requirements-core216.txt
	tools/venv.sh $(@D) $<
	touch $@

$(BUILD)/lab-ready: tools/lab_packages.sh
	tools/lab_packages.sh
	mkdir -p $(BUILD) && touch $@

$(BUILD)/venv-bench/ready: tools/requirements-bench.txt
	tools/venv.sh $(@D) $<
	touch $@

bench: tree $(BUILD)/venv-bench/ready ## how often a verdict is wrong, on simulated traffic [ARGS="--jobs 2"]
	PYTHONPATH=$(BUILD) $(BUILD)/venv-bench/bin/python $(COLLECTION)/tests/benchmarks/verdict_errors.py $(ARGS)

bench-stalls: tree $(BUILD)/venv-bench/ready $(BUILD)/lab-ready ## how the longest stall grows with tcp_rmem max, on the lab, with a picture [ARGS="--rounds 3"]
	LAB_BUILD=$(BUILD) PATH=$(BUILD)/venv-bench/bin:$$PATH python tests/benchmarks/stalls.py $(ARGS)

bench-latency-overhead: tree $(BUILD)/venv-bench/ready ## what timing costs: the same traffic with and without it, in turns
	PYTHONPATH=$(BUILD) $(BUILD)/venv-bench/bin/python $(COLLECTION)/tests/benchmarks/latency_overhead.py $(ARGS)

bench-aa: tree $(BUILD)/venv-bench/ready $(BUILD)/lab-ready ## 100 trials of nothing on the lab's real traffic: how many verdicts are false
	LAB_BUILD=$(BUILD) PATH=$(BUILD)/venv-bench/bin:$$PATH PYTHONPATH=$(BUILD) python tests/benchmarks/aa_trials.py $(ARGS)

bench-regret: tree $(BUILD)/venv-bench/ready $(BUILD)/lab-ready ## how much worse than the best choice fixed sizes are, and what the playbook finds, on the lab's workloads [BENCH_WORKLOADS=mine.yml ARGS="--workloads bulk"]
	LAB_BUILD=$(BUILD) PATH=$(BUILD)/venv-bench/bin:$$PATH PYTHONPATH=$(BUILD) BENCH_WORKLOADS='$(BENCH_WORKLOADS)' python tests/benchmarks/regret.py $(ARGS)

test-kernels: ## other kernels in emulated machines, one after the other [KERNELS="5.10 6.12"]
	@tools/test.sh kernels

test-faults: ## whatever dies: every fault of tests/faults on a fleet at work, about 40 minutes [ARGS="--faults ssh_cut --kills 5 --hosts 6 --seed 1"]
	@ARGS='$(ARGS)' tools/test.sh faults

GATES := unit python36 sanity lint core216 faults_quick molecule
test: ## every gate, with a count at the end
	@tools/test.sh $(GATES)

$(addprefix test-,$(GATES)): test-%: ## one gate: unit python36 sanity lint core216 faults_quick molecule
	@tools/test.sh $*

clean: ## remove all that was made here
	-@! command -v podman >/dev/null || $(LAB) down
	rm -rf $(BUILD)
