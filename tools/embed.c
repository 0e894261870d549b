/* embed.c - build tool: compiles Lua files to stripped bytecode and writes them as C.
 * usage: embed TABLE NAME=FILE.lua … > out.c     the table is an array of struct dh_lua named TABLE.
 * The host loads nothing but this from the build; robots' own files stay text. */
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <string.h>

static size_t column;

static int put_bytes(lua_State *L, const void *p, size_t n, void *self)
{
  (void)L;
  (void)self;
  for (size_t i = 0; i < n; i++)
    printf("%u,%s", ((const unsigned char *)p)[i], ++column % 32 ? "" : "\n");
  return 0;
}

/* The words of a language file stand in its line "-- words: a b c". */
static void read_words(const char *file, char *out, size_t size)
{
  static const char mark[] = "-- words: ";
  char line[500];
  FILE *f = fopen(file, "r");

  *out = '\0';
  while (f && fgets(line, sizeof line, f))
    if (strncmp(line, mark, sizeof mark - 1) == 0) {
      line[strcspn(line, "\n")] = '\0';
      snprintf(out, size, "%.390s", line + sizeof mark - 1);
      break;
    }
  if (f)
    fclose(f);
}

int main(int argc, char **argv)
{
  if (argc < 2) {
    fprintf(stderr, "usage: embed TABLE NAME=FILE.lua ...\n");
    return 2;
  }
  printf("#include \"host/module.h\"\n");
  for (int i = 2; i < argc; i++) {
    lua_State *L = luaL_newstate();
    char *file = strchr(argv[i], '=');
    char chunk[300];

    if (!L || !file) {
      fprintf(stderr, "embed: %s\n", L ? argv[i] : "no memory");
      return 2;
    }
    *file++ = '\0';
    if (luaL_loadfilex(L, file, "t")) {
      fprintf(stderr, "%s\n", lua_tostring(L, -1));
      return 1;
    }
    snprintf(chunk, sizeof chunk, "%s", file);
    printf("static const unsigned char code_%d[] = { /* %s */\n", i, chunk);
    lua_dump(L, put_bytes, NULL, 1);
    printf("};\n");
    lua_close(L);
  }
  printf("const struct dh_lua %s[] = {\n", argv[1]);
  for (int i = 2; i < argc; i++) {
    char words[400];

    read_words(argv[i] + strlen(argv[i]) + 1, words, sizeof words);
    printf("  {\"%s\", \"%s\", code_%d, sizeof code_%d},\n", argv[i], words, i, i);
  }
  printf("  {0, 0, 0, 0},\n};\n");
  return 0;
}
