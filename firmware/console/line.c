/* Line editing on a VT100: backspace, Ctrl-U, Ctrl-C, and the arrow keys for earlier lines. */
#include "console.h"
#include "print.h"
#include "uart.h"

#define HISTORY_LINES 16
#define BACKSPACE 0x08
#define ESCAPE 0x1b
#define DELETE 0x7f
#define CONTROL(letter) ((letter) - '@')

static char history[HISTORY_LINES][LINE_BYTES];
static unsigned history_count; /* of all lines so far */

static uint8_t next_byte(void) {
  int byte;
  while ((byte = uart_get()) < 0)
    wait_for_input();
  return byte;
}

static void erase(unsigned *length) {
  for (; *length; --*length)
    print("\b \b");
}

/* Puts an earlier line in the place of this one. */
static void recall(char line[LINE_BYTES], unsigned *length, unsigned number) {
  erase(length);
  *length = 0;
  if (number < history_count) {
    const char *earlier = history[number % HISTORY_LINES];
    *length = strlen(earlier);
    memcpy(line, earlier, *length);
  }
  line[*length] = 0;
  print("%s", line);
}

/* The arrow keys are ESC [ A and ESC [ B. */
static void escape_sequence(char line[LINE_BYTES], unsigned *length, unsigned *shown) {
  uint8_t introducer = next_byte();
  if (introducer != '[' && introducer != 'O')
    return;
  unsigned oldest = history_count > HISTORY_LINES ? history_count - HISTORY_LINES : 0;
  uint8_t key = next_byte();
  if (key == 'A' && *shown > oldest)
    recall(line, length, --*shown);
  else if (key == 'B' && *shown < history_count)
    recall(line, length, ++*shown);
}

static void remember(const char *line, unsigned length) {
  const char *last = history[(history_count - 1) % HISTORY_LINES];
  if (length && !(history_count && strcmp(last, line) == 0))
    memcpy(history[history_count++ % HISTORY_LINES], line, length + 1);
}

void read_line(const char *prompt, char line[LINE_BYTES]) {
  unsigned length = 0, shown = history_count;
  print("%s", prompt);
  for (;;) {
    uint8_t byte = next_byte();
    switch (byte) {
    case '\r':
    case '\n':
      line[length] = 0;
      print("\n");
      remember(line, length);
      return;
    case BACKSPACE:
    case DELETE:
      if (length) {
        length--;
        print("\b \b");
      }
      break;
    case CONTROL('C'):
      print("^C\n%s", prompt);
      length = 0;
      shown = history_count;
      break;
    case CONTROL('U'):
      erase(&length);
      break;
    case ESCAPE:
      escape_sequence(line, &length, &shown);
      break;
    default:
      if (byte >= ' ' && byte < DELETE && length < LINE_BYTES - 1) {
        line[length++] = byte;
        uart_put(byte);
      }
    }
  }
}
