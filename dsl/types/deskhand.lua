---@meta
-- The words of robots, for editors with the Lua language server: add this folder to `workspace.library`.
-- The fields of a robot's own case come from `deskhand check --types ROBOT` (.types.lua in its folder).

---@class money an amount: whole minor units and a currency; compared and added with its like only
---@field minor integer
---@field currency string
---@field digits integer
---@operator add(money): money
---@operator sub(money): money
---@operator mul(integer): money
---@operator unm: money
local money_value = {}
---A share, rounded to the minor unit.
---@param share number
---@return money
function money_value:percent(share) end

---@class date
---@field year integer
---@field month integer
---@field day integer
---@field weekday integer  1 is Monday
---@operator add(integer): date
---@operator sub(integer): date

---@class file a file of the case, known by its content
---@class secret a value that prints as *** and goes nowhere but where it is meant
---@class dh.type what a field of a case, or a value on a screen, must be

---@alias pairs_list (string|target|any)[] label, value, label, value …; `deskhand check` proves the pairing

---@class cases_declaration
---@field from? string  "loans.csv", "inbox/*.pdf"; without it: the robot's queue
---@field key? string|string[]  the column that makes a case unique
---@field once_a? "day"|"month"|"year"
---@field watch? boolean
---@field to? string  where the results go

---@class schedule_declaration
---@field [integer] string|schedule_declaration  "workdays at 08:30", "every 10m", "30 8 * * MON-FRI"; or a list that begins with one
---@field zone? string  "Asia/Shanghai"; else the robot's
---@field calendar? string|string[]  calendars/NAME.ics: which days are worked
---@field on_holiday? "skip"|"run"|"before"|"after"
---@field on_weekend? "run"|"skip"|"before"|"after"
---@field missing_hour? "after"|"skip"  a time that a clock change leaves out
---@field repeated_hour? "first"|"second"|"both"
---@field missed? "once"|"all"|"none"  times at which nobody was there
---@field overlap? "queue"|"skip"|"replace"  while the case before is under way
---@field case? table  the fields of each case

---@class robot_declaration
---@field about string
---@field cases? cases_declaration
---@field case? table<string, dh.type>
---@field limit? { time: string?, slice: string?, memory: string? }
---@field retry? { times: integer?, wait: string? } after a system error: 3 more tries, the first after wait ("60s"), each wait twice the one before
---@field hosts? string[]
---@field zone? string
---@field schedule? string|schedule_declaration
---@field isolation? "process"

---Says what this robot is. Once, at the top of robot.lua.
---@param declaration robot_declaration
function robot(declaration) end

---A type; as `money { currency = "EUR", above = 0 }` a narrower one; as `money "1,250.00 EUR"` an amount.
---@overload fun(literal: string): money
---@overload fun(rules: { currency: string?, above: number? }): dh.type
money = {}
---A type; as `date "2026-11-30"` a date.
---@overload fun(literal: string): date
date = {}
---@type dh.type
text = {}
---@type dh.type
number = {}
---@type dh.type
flag = {}
---@type dh.type
file = {}
---@param of dh.type
---@return dh.type
function list(of) end
---@param of dh.type
---@return dh.type
function optional(of) end

---@class target a control, where a plain name is not enough
---@class row a row of a screen's table, lazy: for proofs and `read`

---@class screen
local screen = {}
---From home to a window, a menu path, a transaction, an address.
---@param place string
function screen:go(place) end
---Fills fields in this order; finished only when what is read back equals what was sent.
---@param list pairs_list
function screen:fill(list) end
---A button, menu item, link, key, or a row of a table. Refused outside an effect for what the screen file lists in `changes`.
---@param name string|target|row
---@param where? string|{ within: string?, column: string?, twice: boolean? }  twice: a double click
function screen:press(name, where) end
---One value, journaled.
---@overload fun(self: screen, label: string|target|row, type: `money`): money
---@param label string|target|row
---@param type? dh.type
---@return string
function screen:read(label, type) end
---All rows of a table, journaled.
---@param name? string
---@return table<string, string>[]
function screen:table(name) end
---@param table string
---@param list pairs_list  column, value …
---@param place? string
---@return row
function screen:row(table, list, place) end
---@param name string
---@param how { within: string?, near: string?, role: string?, nth: integer?, image: string?, text: boolean? }
---@return target
function screen:find(name, how) end
---True or false now, journaled.
---@param name string|target
---@return boolean
function screen:has(name) end
---Must show exactly this.
---@param label string|target
---@param value any
function screen:expect(label, value) end
---Waits for a sight.
---@param name string|target
---@param how? { gone: boolean?, time: string? }
function screen:wait(name, how) end
---Enters a form once, whatever happens: intent, act, proof. Returns what the proof shows.
---@param name string  unique in the run; in `each` the row's key is added
---@param form { at: string?, fill: pairs_list?, press: string|target, proof: row|fun(): table?, approve: string|{ role: string, above: money? }|nil }
---@return table<string, any> seen
function screen:submit(name, form) end

---A screen described in screens/NAME.lua.
---@param name string
---@return screen
function desktop(name) end
---@param name string
---@return screen
function terminal(name) end
---@param name string
---@return screen
function web(name) end

---Any other change outside, once, whatever happens.
---@param name string
---@param form { values: table, proof: row|fun(context: table): any, act: fun(values: table): any, approve: string|{ role: string, above: money? }|nil }
---@return any seen
function effect(name, form) end
---A person decides; the run leaves memory until the answer comes.
---@param name string
---@param form { show: any?, ask: string[]?, fields: table<string, any>?, role: string? }
---@return { decision: string, [string]: any }
function review(name, form) end
---The business says no: final.
---@param reason string
---@return no_return
function reject(reason) end
---Calls written down, made at once; the first result of each.
---@param ... table  { function, arguments … }
---@return any ...
function together(...) end
---A loop in whose effects the item's key stands.
---@generic T
---@param items T[]
---@param key? string
---@return fun(): T
function each(items, key) end
---Freezes a stretch as one result.
---@generic T
---@param name string
---@param f fun(...): T
---@return T
function step(name, f, ...) end
---@param duration string  "90s", "10m", "3h", "2d"
function wait(duration) end
---@return string  "2026-11-24T13:25:12+08:00"
function now() end
---@return date
function today() end
---@param name string
---@return secret
function secret(name) end
---@param line any
function log(line) end

---@class http_options
---@field query? table
---@field headers? table
---@field auth? { user: any, password: any }
---@field accept? integer|integer[]
---@field timeout? number|string
---@field rate? string
---@field source? string
---@field limit? integer
---@class http_form: http_options
---@field url string
---@field json? any
---@field form? table
---@field body? string
---@field file? file
---@field proof? row|fun(): any
---@class http_answer
---@field status integer
---@field headers table<string, string>
---@field body string
---@field json any
http = {}
---@param url string
---@param options? http_options
---@return http_answer
function http.get(url, options) end
---@param name string
---@param form http_form
---@return any
function http.post(name, form) end
http.put, http.delete = http.post, http.post

---@class document a record: its fields are those of the kind
local document_record = {}
---The evidence for a field.
---@param name string
---@return { value: any, text: string?, confidence: number?, page: integer?, box: table?, doubts: table, source: string? }
function document_record:of(name) end
---The names of those that are missing, as a text; nil when none is.
---@param ... string
---@return string?
function document_record:missing(...) end
document = {}
---Reads a document of a kind; doubtful fields go to a person before it returns.
---@param input file
---@param kind string
---@param options? { ask: boolean? }
---@return document|table<string, any>
function document.read(input, kind, options) end

files, json, xml, csv, identifier, company, tax = {}, {}, {}, {}, {}, {}, {}
---@param path string|file
---@return string
function files.read(path) end
---@param pattern string
---@return string[]
function files.list(pattern) end
---@param name string
---@param form { path: string, text: string?, bytes: string? }
function files.write(name, form) end
---@return any
function json.parse(source) end
---@return string
function json.text(value, options) end
---@return string[]
function xml.find(source, xpath, options) end
---@return table<string, string>[]
function csv.parse(source, options) end
---@param kind "lei"|"uscc"|"cn_org"|"cn_resident"|"eu_vat"|"iban"|"cnpj"|"uk_company"
---@return { valid: boolean, canonical: string, why: string }
function identifier.check(kind, number) end
---What a register says of a company; `status` is "not found" when it does not know the number.
---@return { name: string, status: string, lei: string?, reg_no: string?, country: string?, flags: string[], [string]: any }
function company.get(number, options) end
---Whether a VAT number stands.
---@return { valid: boolean, status: "registered"|"not registered", name: string?, address: string?, [string]: any }
function tax.standing(number) end
