--- check_main - what `deskhand check` runs: the static rules over a bundle, and what is derived from it.
local core = ...
local lang = core._builtin("lang")(core)
local check = lang.dsl("check")

local files, words = {}, {}
for _, path in ipairs(core._paths()) do files[path] = core._source(path) end
for _, word in ipairs(core._words()) do
  local module = core._module_of(word)
  if module then words[word] = module end
end
local this = core._this()
local options = { words = words, robot = this.robot }

-- Only a robot that loads can be asked for its declaration; the findings say why it does not.
local ok, declaration = core._pcall(lang.load_robot)
return {
  findings = core._list(check.robot(files, options)),
  needs = check.needs(files, options),
  types = ok and check.types(declaration, this.robot) or nil,
}
