# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Each target makes what it needs itself, below .cache. It needs only Python 3.11 to 3.14.
CONNECTION ?= winrm
LISTENER ?= https

PYTHONS := python3 python3.14 python3.13 python3.12 python3.11 $(wildcard $(HOME)/.pyenv/versions/3.1*/bin/python3)
PYTHON ?= $(shell for each in $(PYTHONS); do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
WORKBENCH = PYTHONPATH=tests $(or $(PYTHON),$(error winha.cluster needs Python 3.11 to 3.14, and none is installed)) -m workbench

.PHONY: demo test fresh lint sanity units integration installed long molecule ee torture mutation bench release clean

demo: ## audit, check and change a lab of simulated Windows hosts
	@$(WORKBENCH) demo --connection $(CONNECTION) --listener $(LISTENER)

test: ## run all tests, on each ansible-core that the Pythons of this machine support
	@$(WORKBENCH) test $(if $(NEW_MACHINE),--new-machine)

fresh: ## run make demo and make test on new machines, which have only Python and make (as root)
	@$(WORKBENCH) fresh $(if $(RELEASES),--releases $(RELEASES)) $(if $(AS),--accounts $(AS)) $(if $(COMMANDS),--commands $(COMMANDS))

lint sanity units integration installed long: ## run one part of the tests
	@$(WORKBENCH) test $@

molecule: ## run the scenarios of Molecule against the lab, all or SCENARIOS="undo plan"
	@$(WORKBENCH) molecule $(SCENARIOS)

ee: ## build the execution environment, and audit the lab in it (as root)
	@$(WORKBENCH) ee

torture: ## run the modules with a fault at every request, read changed messages and files, and kill runs
	@$(WORKBENCH) torture $(ARGUMENTS)

mutation: ## change the code in one place at a time and see whether a test notices it
	@$(WORKBENCH) mutation $(ARGUMENTS)

bench: ## measure what a task costs, compared with other modules
	@$(WORKBENCH) bench $(ARGUMENTS)

release: ## build the collection artifact: make release REPOSITORY=https://... HOMEPAGE=https://... ISSUES=https://...
	@REPOSITORY='$(REPOSITORY)' HOMEPAGE='$(HOMEPAGE)' ISSUES='$(ISSUES)' DOCUMENTATION='$(DOCUMENTATION)' $(WORKBENCH) release

clean: ## remove .cache, which all other targets fill
	rm -rf .cache
