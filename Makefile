# Deskhand: `make demo` and `make test` install what they need, build and do their job.
# One makefile, not recursive; build/ apart; modules and programs are found by their module.mk and program.mk.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

BUILD  ?= build
PREFIX ?= /usr/local
CC     ?= cc
ifeq ($(origin CC),default)
CC := cc
endif
CXX    ?= c++
OPT    ?= -O2 -g
WARN   := -Wall -Wextra -Werror -Wno-format-truncation
LUA    := $(firstword $(foreach p,lua5.4 lua-5.4 lua54,$(shell pkg-config --exists $p && echo $p)))
CORE_PKG := $(LUA) libuv sqlite3
CPPFLAGS += -D_GNU_SOURCE -Iruntime -I$(BUILD)/gen
CFLAGS += -std=c11 $(OPT) $(WARN) -fno-omit-frame-pointer $(SANITIZE)
CXXFLAGS += -std=c++17 $(OPT) $(WARN) $(SANITIZE)
LDFLAGS += $(SANITIZE)

MODULES  :=
PROGRAMS :=
include $(wildcard connectors/*/module.mk ocr/module.mk runtime/*/module.mk)
include $(wildcard examples/legacy/*/program.mk tests/*/program.mk)

# A module whose libraries are missing is left out, with a notice; `deskhand doctor` says which package brings it.
has = $(shell pkg-config --exists $(1) 2>/dev/null && echo yes)
BUILT := $(foreach m,$(MODULES),$(if $($m_PKG),$(if $(call has,$($m_PKG)),$m,$(info module $m is left out: pkg-config knows no $($m_PKG))),$m))
BUILT_PROGRAMS := $(foreach p,$(PROGRAMS),$(if $(call has,$($p_PKG)),$p,$(info program $p is left out: pkg-config knows no $($p_PKG))))

# What is generated from lists of files is made anew when a list changes, whatever the times of the files.
LISTS := $(wildcard dsl/*.lua connectors/*/*.lua ocr/*.lua connectors/*/module.mk ocr/module.mk runtime/*/module.mk runtime/store/schema/*.sql runtime/store/schema/*/*.sql) $(BUILT)
$(shell mkdir -p $(BUILD)/gen; echo '$(LISTS)' | cmp -s - $(BUILD)/gen/lists || echo '$(LISTS)' > $(BUILD)/gen/lists)

# ---- the host
# $(call sources,FILES): those that are no test
sources = $(foreach f,$(1),$(if $(filter test_%,$(notdir $f)),,$f))
CORE_SRC := $(call sources,$(wildcard runtime/*.c runtime/base/*.c runtime/io/*.c runtime/host/*.c \
              runtime/store/*.c runtime/sched/*.c runtime/cli/*.c))
CORE_SRC := $(filter-out $(foreach m,$(MODULES),$(wildcard $(addprefix $($m_DIR)/,$($m_SRC)))),$(CORE_SRC))
CORE_OBJ := $(CORE_SRC:%.c=$(BUILD)/%.o)
GEN_OBJ  := $(BUILD)/gen/dsl.o $(BUILD)/gen/modules.o $(BUILD)/gen/schema.o

.PHONY: all
all: $(BUILD)/deskhand $(BUILT:%=$(BUILD)/modules/%.so) $(BUILT_PROGRAMS:%=$(BUILD)/examples/%)

$(CORE_OBJ) $(GEN_OBJ): CFLAGS += $(shell pkg-config --cflags $(CORE_PKG))
$(BUILD)/deskhand: $(CORE_OBJ) $(GEN_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -rdynamic -o $@ $^ $(shell pkg-config --libs $(CORE_PKG)) -lpthread -ldl -lm

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tools/embed: tools/embed.c
	@mkdir -p $(@D)
	$(CC) -O1 $(shell pkg-config --cflags $(LUA)) -o $@ $< $(shell pkg-config --libs $(LUA)) -lm

DSL := $(filter-out dsl/test_%,$(wildcard dsl/*.lua))
$(BUILD)/gen/dsl.c: $(DSL) $(BUILD)/tools/embed $(BUILD)/gen/lists
	@mkdir -p $(@D)
	$(BUILD)/tools/embed dh_dsl $(foreach f,$(DSL),$(basename $(notdir $f))=$f) > $@

# Which module carries a word, a codec, a role: from the module.mk files, built or not.
$(BUILD)/gen/modules.c: Makefile $(BUILD)/gen/lists $(wildcard connectors/*/module.mk ocr/module.mk runtime/*/module.mk)
	@mkdir -p $(@D)
	@{ echo '#include "host/modules.h"'; echo 'const struct dh_module_entry dh_modules[] = {'; \
	$(foreach m,$(MODULES),echo '  {"$m", "$(or $($m_WORDS),$(if $(wildcard $($m_DIR)/$m.lua),$m))", "$($m_CODECS)", "$($m_ROLES)", "$($m_PKG)", "$($m_USES)", "$($m_COMMANDS)"},';) \
	echo '  {0, 0, 0, 0, 0, 0, 0},'; echo '};'; } > $@

# Texts of the schema's steps, a table for SQLite and one for PostgreSQL.
SCHEMA    := $(sort $(wildcard runtime/store/schema/*.sql))
SCHEMA_PG := $(sort $(wildcard runtime/store/schema/postgresql/*.sql))
steps = echo 'extern const char *const $(1)[];'; echo 'const char *const $(1)[] = {'; \
	$(foreach s,$(2),sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n"/' $s; echo ',';) echo '0};';
$(BUILD)/gen/schema.c: $(SCHEMA) $(SCHEMA_PG) Makefile $(BUILD)/gen/lists
	@mkdir -p $(@D)
	@{ $(call steps,dh_schema,$(SCHEMA)) $(call steps,dh_schema_postgresql,$(SCHEMA_PG)) } > $@

# ---- modules: <name>.so from all C and C++ files of the folder (or $(name_SRC)), and its Lua as bytecode
define module
$1_C   := $$(filter-out $$($1_DIR)/test_%,$$(if $$($1_SRC),$$(addprefix $$($1_DIR)/,$$($1_SRC)),$$(wildcard $$($1_DIR)/*.c $$($1_DIR)/*.cc)))
$1_LUA := $$(if $$($1_SRC),,$$(filter-out $$($1_DIR)/test_%,$$(wildcard $$($1_DIR)/*.lua)))
$1_OBJ := $$(patsubst %,$$(BUILD)/pic/%.o,$$($1_C)) $$(BUILD)/gen/$1_lua.o
$$($1_OBJ): MODCFLAGS := $$(shell pkg-config --cflags $$(LUA) libuv $$($1_PKG))
$$(BUILD)/gen/$1_lua.c: $$($1_LUA) $$(BUILD)/tools/embed $$($1_DIR)/module.mk $$(BUILD)/gen/lists
	@mkdir -p $$(@D)
	$$(BUILD)/tools/embed dh_module_lua $$(foreach f,$$($1_LUA),$$(if $$(filter $1.lua,$$(notdir $$f)),$1,$1.$$(basename $$(notdir $$f)))=$$f) > $$@
$$(BUILD)/modules/$1.so: $$($1_OBJ)
	@mkdir -p $$(@D)
	$$(if $$(filter %.cc,$$($1_C)),$$(CXX),$$(CC)) $$(LDFLAGS) -shared -o $$@ $$^ $$(if $$($1_PKG),$$(shell pkg-config --libs $$($1_PKG))) $$($1_LIBS)
endef
$(foreach m,$(BUILT),$(eval $(call module,$m)))
$(BUILD)/pic/%.c.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(MODCFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<
$(BUILD)/pic/%.cc.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) $(MODCFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<
$(BUILD)/gen/%_lua.o: $(BUILD)/gen/%_lua.c
	$(CC) $(CPPFLAGS) $(CFLAGS) $(MODCFLAGS) -fPIC -fvisibility=hidden -c -o $@ $<

# ---- example programs: one binary from all C files of a folder; they know nothing of Deskhand
define program
$1_OBJ := $$(patsubst %.c,$$(BUILD)/%.o,$$(filter-out $$($1_DIR)/test_%,$$(wildcard $$($1_DIR)/*.c)))
$$($1_OBJ): CFLAGS += $$(shell pkg-config --cflags $$($1_PKG))
$$(BUILD)/examples/$1: $$($1_OBJ)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(shell pkg-config --libs $$($1_PKG)) $$($1_LIBS) -lm
endef
$(foreach p,$(BUILT_PROGRAMS),$(eval $(call program,$p)))

# ---- C unit tests (cmocka): every runtime/*/test_x.c, ocr/test_x.c, connectors/*/test_x.c is one program
UNIT_SRC := $(wildcard runtime/*/test_*.c ocr/test_*.c connectors/*/test_*.c)
UNIT := $(UNIT_SRC:%.c=$(BUILD)/unit/%)
$(UNIT): CFLAGS += $(shell pkg-config --cflags cmocka $(CORE_PKG))
# A module's own sources that a unit test needs are named in <module>_UNIT (files) and <module>_PKG.
unit_module = $(firstword $(foreach m,$(BUILT),$(if $(filter $($m_DIR)/,$(dir $1)),$m)))
.SECONDEXPANSION:
$(UNIT): $(BUILD)/unit/%: %.c $(filter-out $(BUILD)/runtime/main.o,$(CORE_OBJ)) $(GEN_OBJ) $$(addprefix $(BUILD)/pic/,$$(addsuffix .o,$$($$(call unit_module,$$*)_UNIT)))
	@mkdir -p $(@D); ln -sfn $(abspath $(BUILD))/modules $(@D)/modules
	$(CC) $(CPPFLAGS) $(CFLAGS) $(MODCFLAGS) $(LDFLAGS) -rdynamic -o $@ $(filter %.c,$<) $(filter %.o,$^) $(shell pkg-config --libs cmocka $(CORE_PKG)) \
	  $(if $($(call unit_module,$*)_PKG),$(shell pkg-config --cflags --libs $($(call unit_module,$*)_PKG))) -lpthread -ldl -lm

.PHONY: unit
unit: $(UNIT)

.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(shell [ -d $(BUILD) ] && find $(BUILD) -name '*.d')

# ---- what people type
.PHONY: deps test unit-run check asan bench soak demo install uninstall
TEST_SETS := build modules documents screens demo test
deps:
	@tools/deps $(TEST_SETS)

# Installing may bring libraries that this makefile has already looked for: so the work is done by a second make.
test: deps
	@$(MAKE) --no-print-directory test-run
.PHONY: test-run
test-run: all $(UNIT)
	@tests/run $(BUILD) "$(ONLY)"

check:
	@tools/deps $(TEST_SETS) check
	@$(MAKE) --no-print-directory check-run
.PHONY: check-run
C_FILES := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
check-run: all
	@tests/layers
	@clang-format --dry-run -Werror $(C_FILES)
	@luacheck -q $(shell git ls-files '*.lua' ':!tests/bad' 2>/dev/null)
	@cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr --suppressions-list=tests/cppcheck.txt \
	  -Iruntime $(filter %.c,$(C_FILES))
	@echo "check: 4 passed, 0 failed"

# The same tests under the sanitizers, in a build of their own.
asan: deps
	@$(MAKE) --no-print-directory test-run BUILD=build/asan OPT="-O1 -g" SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined"

# What runs longer than two minutes. CI gives small counts (tests/ci.mk); without COUNTS it runs in full (tests/full.mk).
COUNTS ?= tests/full.mk
include $(COUNTS)
soak: all $(BUILD)/unit/runtime/store/test_store_crash $(BUILD)/unit/runtime/base/test_schedule_zones
	@tests/soak $(BUILD) $(SOAK_DEMOS) $(SOAK_KILLS) $(SOAK_STORE_KILLS) $(SOAK_SCHEDULES)

# ---- the demo; make demo COUNT=50 SEED=7 RUDE=1 KEEP=1
COUNT ?= 12
SEED  ?= 1
demo: deps
	@$(MAKE) --no-print-directory demo-run
.PHONY: demo-run
demo-run: all
	@/usr/bin/python3 -B examples/demo/run.py --build $(BUILD) --count $(COUNT) --seed $(SEED) --rude "$(RUDE)" $(if $(KEEP),--keep)

# ---- measuring: ratios against a named peer in the same run
BENCH := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/bench_*.c))
$(BENCH): CFLAGS += $(shell pkg-config --cflags $(CORE_PKG))
$(BENCH): $(BUILD)/%: %.c $(filter-out $(BUILD)/runtime/main.o,$(CORE_OBJ)) $(GEN_OBJ)
	@mkdir -p $(@D); ln -sfn $(abspath $(BUILD))/modules $(@D)/modules
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -rdynamic -o $@ $^ $(shell pkg-config --libs $(CORE_PKG)) -lpthread -ldl -lm
bench: deps
	@$(MAKE) --no-print-directory bench-run
.PHONY: bench-run
bench-run: all $(BENCH)
	@/usr/bin/python3 -B tests/bench/run.py $(BUILD)

# ---- installing: the binary, its modules, man pages, completion, the words for editors, robots and screens that ship
LIBDIR := $(DESTDIR)$(PREFIX)/lib/deskhand
SHAREDIR := $(DESTDIR)$(PREFIX)/share/deskhand
SHIPPED := $(shell find robots screens -type f ! -name '.*')
install: all man
	install -d $(DESTDIR)$(PREFIX)/bin $(LIBDIR) $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 $(BUILD)/deskhand $(DESTDIR)$(PREFIX)/bin/deskhand
	install -m 644 $(BUILT:%=$(BUILD)/modules/%.so) $(LIBDIR)
	install -m 644 $(BUILD)/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	$(BUILD)/deskhand help --completion > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/deskhand
	install -D -m 644 -t $(SHAREDIR)/types dsl/types/deskhand.lua
	@$(foreach f,$(SHIPPED),install -D -m 644 $f $(SHAREDIR)/$f &&) true
uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/bin/deskhand $(LIBDIR) $(SHAREDIR) $(DESTDIR)$(PREFIX)/share/man/man1/deskhand*.1 \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions/deskhand
.PHONY: man
man: all
	@mkdir -p $(BUILD)/man
	@$(BUILD)/deskhand help --man > $(BUILD)/man/deskhand.1
	@for c in $$($(BUILD)/deskhand help --names | tr ' ' _); do \
	  $(BUILD)/deskhand help --man $${c//_/ } > $(BUILD)/man/deskhand-$${c//_/-}.1 || exit 1; done
