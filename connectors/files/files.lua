--- files - files of the case, of the robot's folder and of the folders named in files.roots; nothing else.
local core = require "core.files"
local errors = require "errors"
local host = require "host"

--- Folders that robots may use besides their own files. A relative path begins in the first.
local function folders()
  local list = {}
  for folder in (host.conf("files.roots") or ""):gmatch("[^:%s]+") do
    list[#list + 1] = folder
  end
  return list
end

--- A file of the robot itself, as it was when the run began: it is part of the robot's version.
local function own(path)
  return not path:find("^/") and host.source(path) or nil
end

--- A path (text) or a file of the case: exactly one of path and hash.
local function where(file, word)
  if type(file) == "string" then
    return file, nil
  end
  if host.kind(file) ~= "file" then
    errors.raise { code = "EUSE", text = word .. " wants a path or a file of the case", seen = type(file) }
  end
  return nil, file.sha256
end

--- The bytes of a file, at most 16 MiB.
---@param file string|file  a path, or a file of the case
---@return string
local function read(file)
  local path, hash = where(file, "files.read")
  return path and own(path) or (errors.ok(core._read(folders(), path, hash)))
end

--- Paths of the regular files that a pattern fits, sorted: "inbox/*.pdf".
---@param pattern string
---@return string[]
local function list(pattern)
  return errors.ok(core._list(folders(), pattern))
end

--- SHA-256 of a file of any size, 64 hexadecimal digits.
---@param file string|file
---@return string
local function hash(file)
  local path, known = where(file, "files.hash")
  local bytes = path and own(path)
  return known or (bytes and core._sha256(bytes)) or (errors.ok(core._hash(folders(), path)))
end

local function content(args)
  local bytes = args.text or args.bytes
  if type(args.path) ~= "string" or type(bytes) ~= "string" or (args.text and args.bytes) then
    errors.raise {
      code = "EUSE",
      text = "files.write wants a path, and the content as text or as bytes",
      advice = 'write files.write("name", { path = "out/letter.txt", text = … })',
    }
  end
  return bytes
end

local function values(args)
  local bytes = content(args)
  return { path = args.path, sha256 = core._sha256(bytes), size = #bytes }
end

--- The file at the path, if it holds exactly this content.
local function proof(args)
  local want = values(args)
  local seen, size = core._hash(folders(), args.path)
  if not seen and size.code ~= "ENOENT" then
    errors.raise(size)
  end
  return seen == want.sha256 and want or nil
end

--- Writes a file, replacing what is there: whole or not at all, and on the disk when it returns.
local function act(args)
  errors.ok(core._write(folders(), args.path, content(args)))
  return values(args)
end

return {
  reads = { read = read, list = list, hash = hash },
  effects = { write = { values = values, act = act, proof = proof } },
}
