--- declare - loads a robot without running it and gives its declaration.
local core = ...
local lang = core._builtin("lang")(core)
return (lang.dsl("load").robot())
