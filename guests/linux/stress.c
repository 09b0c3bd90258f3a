// stress: exercises processes, signals, memory, floating point, pipes, threads and the page cache,
// with results that are the same on every machine.
//
//   stress SECONDS [DIRECTORY]   repeats all parts until the time is over
//   stress --print [DIRECTORY]   one round, prints each part's digest
//
// Ends with "stress: passed" and status 0, or names the first part whose digest is wrong.
// The expected digests are those of a native build on the host.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *directory = "/tmp";

static void fail(const char *what) {
  printf("stress: %s: %s\n", what, strerror(errno));
  exit(1);
}

// MARK: Digests and numbers

static uint64_t mix(uint64_t digest, uint64_t value) {
  digest ^= value;
  return (digest ^ digest >> 29) * 0x9E3779B97F4A7C15u;
}

static uint64_t mix_bytes(uint64_t digest, const void *bytes, size_t count) {
  const unsigned char *byte = bytes;
  for (size_t i = 0; i < count; i++) digest = (digest ^ byte[i]) * 0x100000001B3u;
  return mix(digest, count);
}

static uint64_t mix_double(uint64_t digest, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return mix(digest, bits);
}

static uint64_t next_random(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state >> 11;
}

static void fill(unsigned char *bytes, size_t count, uint64_t seed) {
  for (size_t i = 0; i < count; i++) bytes[i] = (unsigned char)next_random(&seed);
}

// MARK: Processes

// A tree of processes; each answers with the sum of its children's answers.
static int tree(int depth) {
  if (depth == 0) return 1;
  int sum = 1;
  for (int child = 0; child < 2; child++) {
    pid_t pid = fork();
    if (pid < 0) fail("fork");
    if (pid == 0) _exit(tree(depth - 1));
    int status;
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) fail("waitpid");
    sum += WEXITSTATUS(status);
  }
  return sum;
}

static uint64_t processes(void) {
  uint64_t digest = mix(1, (uint64_t)tree(4));
  // A child that a signal ends, and one that replaces its program.
  pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    for (;;) pause();
  }
  kill(pid, SIGTERM);
  int status;
  if (waitpid(pid, &status, 0) != pid) fail("waitpid");
  digest = mix(digest, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    execl("/proc/self/exe", "stress", "--exit", "42", (char *)NULL);
    _exit(127);
  }
  if (waitpid(pid, &status, 0) != pid) fail("waitpid");
  return mix(digest, WIFEXITED(status) ? WEXITSTATUS(status) : 255);
}

// MARK: Pipes

static void write_all(int file, const void *bytes, size_t count) {
  for (const char *at = bytes; count > 0;) {
    ssize_t written = write(file, at, count);
    if (written <= 0) fail("write");
    at += written;
    count -= (size_t)written;
  }
}

static void read_all(int file, void *bytes, size_t count) {
  for (char *at = bytes; count > 0;) {
    ssize_t got = read(file, at, count);
    if (got <= 0) fail("read");
    at += got;
    count -= (size_t)got;
  }
}

// Data goes through a child, which inverts it.
static uint64_t pipes(void) {
  static unsigned char block[5000], answer[5000];
  int to[2], from[2];
  if (pipe(to) != 0 || pipe(from) != 0) fail("pipe");
  pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    close(to[1]);
    close(from[0]);
    for (int i = 0; i < 200; i++) {
      read_all(to[0], block, sizeof block);
      for (size_t at = 0; at < sizeof block; at++) block[at] = (unsigned char)~block[at];
      write_all(from[1], block, sizeof block);
    }
    _exit(0);
  }
  close(to[0]);
  close(from[1]);
  uint64_t digest = 2;
  for (unsigned i = 0; i < 200; i++) {
    fill(block, sizeof block, i);
    write_all(to[1], block, sizeof block);
    read_all(from[0], answer, sizeof answer);
    digest = mix_bytes(digest, answer, sizeof answer);
  }
  close(to[1]);
  close(from[0]);
  int status;
  if (waitpid(pid, &status, 0) != pid) fail("waitpid");
  return mix(digest, (uint64_t)status);
}

// MARK: Signals

static sigjmp_buf after_fault;
static volatile sig_atomic_t signals_seen;
static volatile uintptr_t fault_address;

static void count_signal(int number) { signals_seen += number == SIGUSR1 ? 1 : 1000; }

static void note_fault(int number, siginfo_t *info, void *context) {
  (void)context;
  fault_address = (uintptr_t)info->si_addr;
  siglongjmp(after_fault, number);
}

static void handle(int number, int flags, void (*handler)(int, siginfo_t *, void *)) {
  struct sigaction action = {.sa_flags = flags | SA_SIGINFO, .sa_sigaction = handler};
  if (sigaction(number, &action, NULL) != 0) fail("sigaction");
}

static uint64_t signals(void) {
  volatile uint64_t digest = 3;  // kept across siglongjmp
  struct sigaction action = {.sa_handler = count_signal};
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGALRM, &action, NULL);
  signals_seen = 0;
  for (int i = 0; i < 500; i++) raise(SIGUSR1);
  digest = mix(digest, (uint64_t)signals_seen);

  // A timer that interrupts computing.
  struct timespec tenth = {.tv_nsec = 10 * 1000 * 1000};
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) fail("timer_create");
  struct itimerspec once = {.it_value = tenth};
  signals_seen = 0;
  timer_settime(timer, 0, &once, NULL);
  while (signals_seen == 0) {
  }
  timer_delete(timer);
  digest = mix(digest, (uint64_t)signals_seen);

  // Faults with the right address: a page that forbids writing, and one that is not there.
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *memory = mmap(NULL, 4 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  munmap(memory + 2 * page, page);
  handle(SIGSEGV, 0, note_fault);
  for (size_t i = 0; i < 4; i++) {
    volatile char *victim = memory + i * page + 8 * i;
    int number = sigsetjmp(after_fault, 1);
    if (number == 0) {
      if (i == 2) (void)*victim;
      else *victim = 1;
    }
    digest = mix(mix(digest, (uint64_t)number), fault_address == (uintptr_t)victim);
  }
  munmap(memory, 4 * page);

  // Dividing by zero: a trap instruction of the division routine on Alpha.
  handle(SIGFPE, 0, note_fault);
  volatile int zero = 0, quotient = 1;
  int number = sigsetjmp(after_fault, 1);
  if (number == 0) quotient = quotient / zero;
  digest = mix(digest, (uint64_t)number);
  signal(SIGSEGV, SIG_DFL);
  signal(SIGFPE, SIG_DFL);
  return digest;
}

// MARK: Memory

static uint64_t memory(void) {
  enum { bytes = 4 << 20 };
  uint64_t digest = 4;
  uint64_t *words = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (words == MAP_FAILED) fail("mmap");
  size_t count = bytes / sizeof *words;
  for (size_t i = 0; i < count; i++) words[i] = i * 0x9E3779B97F4A7C15u;

  // Copy on write: what the child changes, the parent does not see.
  pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    for (size_t i = 0; i < count; i += 64) words[i] = ~words[i];
    _exit(mix_bytes(0, words, bytes) & 0x7F);
  }
  int status;
  if (waitpid(pid, &status, 0) != pid) fail("waitpid");
  digest = mix(mix_bytes(digest, words, bytes), (uint64_t)WEXITSTATUS(status));

  // Memory shared with a child.
  uint64_t *shared = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) fail("mmap");
  pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    for (size_t i = 0; i < (1 << 16) / sizeof *shared; i++) shared[i] = i * i;
    _exit(0);
  }
  if (waitpid(pid, &status, 0) != pid) fail("waitpid");
  digest = mix_bytes(digest, shared, 1 << 16);
  munmap(shared, 1 << 16);

  // Moved and shrunk.
  words = mremap(words, bytes, bytes / 2, 0);
  if (words == MAP_FAILED) fail("mremap");
  words = mremap(words, bytes / 2, bytes * 2, MREMAP_MAYMOVE);
  if (words == MAP_FAILED) fail("mremap");
  digest = mix_bytes(digest, words, bytes);
  munmap(words, bytes * 2);

  // Accesses that are not aligned: Alpha traps, and the kernel does them.
  static unsigned char array[64];
  fill(array, sizeof array, 7);
  for (size_t i = 0; i < 48; i++) {
    volatile uint64_t *quad = (volatile uint64_t *)(void *)(array + i);
    volatile uint32_t *half = (volatile uint32_t *)(void *)(array + i + 8);
    digest = mix(digest, *quad);
    *half += (uint32_t)i;
  }
  return mix_bytes(digest, array, sizeof array);
}

// MARK: Floating point

static uint64_t floating_point(void) {
  enum { size = 40 };
  static double a[size][size], b[size][size], c[size][size];
  uint64_t seed = 5, digest = 5;
  for (int i = 0; i < size; i++) {
    for (int j = 0; j < size; j++) {
      a[i][j] = (double)next_random(&seed) / 0x1p40 - 4096;
      b[i][j] = (double)(int64_t)(next_random(&seed) % 2001 - 1000) / 7;
    }
  }
  for (int i = 0; i < size; i++) {
    for (int j = 0; j < size; j++) {
      double sum = 0;
      for (int k = 0; k < size; k++) sum += a[i][k] * b[k][j];
      c[i][j] = sum;
      digest = mix_double(digest, sum);
    }
  }
  for (int i = 0; i < size; i++) {
    volatile float single = (float)c[i][i];
    digest = mix_double(digest, (double)single);
    digest = mix_double(digest, sqrt(fabs(c[i][i])));
    digest = mix(digest, (uint64_t)(int64_t)c[i][i]);
  }
  // Into the denormal numbers and back: software completion on Alpha.
  volatile double small = 0x1.23456789abcdep-1000, tiny = small;
  for (int i = 0; i < 70; i++) {
    tiny = tiny / 2;
    digest = mix_double(digest, tiny);
  }
  tiny = small * 0x1p-60;
  digest = mix_double(digest, tiny * 0x1p+60);
  // Infinities; not-a-number shows in comparisons only, its bits differ between processors.
  volatile double huge = 0x1p1023, zero = 0;
  digest = mix_double(digest, huge * 4);
  digest = mix_double(digest, -1 / zero);
  volatile double nan = zero / zero;
  digest = mix(digest, (uint64_t)((nan == nan) + 2 * (nan < huge) + 4 * (nan != nan)));
  volatile float single = 0x1p-126f;
  for (int i = 0; i < 26; i++) {
    single = single / 2 + 0x1p-149f;
    digest = mix_double(digest, (double)single);
  }
  return digest;
}

// The floating-point registers survive switching between processes that all use them.
static uint64_t floating_point_switching(void) {
  uint64_t digest = 6;
  pid_t children[4];
  for (int child = 0; child < 4; child++) {
    children[child] = fork();
    if (children[child] < 0) fail("fork");
    if (children[child] == 0) {
      double sum = child;
      for (int i = 1; i < 200000; i++) {
        sum += 1.0 / (i + child);
        if (i % 5000 == 0) usleep(0);
      }
      uint64_t mixed = mix_double(0, sum);
      _exit((int)(mixed >> 32 & 0x7F));
    }
  }
  for (int child = 0; child < 4; child++) {
    int status;
    if (waitpid(children[child], &status, 0) != children[child]) fail("waitpid");
    digest = mix(digest, WIFEXITED(status) ? (uint64_t)WEXITSTATUS(status) : 255);
  }
  return digest;
}

// MARK: Threads

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t locked_sum, atomic_sum;

static void *add(void *argument) {
  uint64_t step = (uintptr_t)argument;
  for (int i = 0; i < 20000; i++) {
    __atomic_fetch_add(&atomic_sum, step, __ATOMIC_SEQ_CST);
    if (i % 4 == 0) {
      pthread_mutex_lock(&lock);
      locked_sum += step * (uint64_t)i;
      pthread_mutex_unlock(&lock);
    }
  }
  return (void *)(step * step);
}

static uint64_t threads(void) {
  pthread_t started[4];
  locked_sum = atomic_sum = 0;
  for (uintptr_t i = 0; i < 4; i++) {
    if (pthread_create(&started[i], NULL, add, (void *)(i + 1)) != 0) fail("pthread_create");
  }
  uint64_t digest = 7;
  for (int i = 0; i < 4; i++) {
    void *result;
    pthread_join(started[i], &result);
    digest = mix(digest, (uintptr_t)result);
  }
  return mix(mix(digest, locked_sum), atomic_sum);
}

// MARK: Files

// Fills most of the free memory, so that cached pages of files must go.
static unsigned char *take_memory(size_t *count) {
  struct sysinfo info;
  if (sysinfo(&info) != 0) fail("sysinfo");
  uint64_t available = (uint64_t)info.freeram * info.mem_unit;
  *count = available < 16 << 20 ? 4 << 20 : available - (12 << 20);
  if (*count > 128 << 20) *count = 128 << 20;
  unsigned char *bytes =
      mmap(NULL, *count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bytes == MAP_FAILED) fail("mmap");
  for (size_t i = 0; i < *count; i += 4096) bytes[i] = (unsigned char)(i >> 12);
  return bytes;
}

static uint64_t give_memory(unsigned char *bytes, size_t count) {
  uint64_t wrong = 0;
  for (size_t i = 0; i < count; i += 4096) wrong += bytes[i] != (unsigned char)(i >> 12);
  munmap(bytes, count);
  return wrong;
}

// Written, mapped, changed through the mapping, truncated, read back; all with little memory free.
static uint64_t files(void) {
  enum { block = 1 << 16, blocks = 192 };
  static unsigned char bytes[block];
  char path[256];
  size_t taken_count;
  unsigned char *taken = take_memory(&taken_count);
  snprintf(path, sizeof path, "%s/stress.data", directory);
  int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (file < 0) fail(path);
  for (unsigned i = 0; i < blocks; i++) {
    fill(bytes, block, i + 100);
    write_all(file, bytes, block);
  }
  if (fsync(file) != 0) fail("fsync");
  posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  unsigned char *map = mmap(NULL, block * blocks, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (map == MAP_FAILED) fail("mmap of a file");
  uint64_t digest = mix_bytes(8, map, block * 4);
  for (size_t i = 0; i < block * blocks; i += 8192 * 3 + 1) map[i] ^= 0xFF;
  if (msync(map, block * blocks, MS_SYNC) != 0) fail("msync");
  munmap(map, block * blocks);
  posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  for (unsigned i = 0; i < blocks; i++) {
    if (pread(file, bytes, block, (off_t)i * block) != block) fail("pread");
    digest = mix_bytes(digest, bytes, block);
  }
  digest = mix(digest, give_memory(taken, taken_count));
  if (ftruncate(file, 12345) != 0) fail("ftruncate");
  struct stat status;
  fstat(file, &status);
  digest = mix(digest, (uint64_t)status.st_size);
  close(file);

  // Many small files: directory blocks, inodes, and their removal.
  for (unsigned i = 0; i < 200; i++) {
    snprintf(path, sizeof path, "%s/stress.%u", directory, i);
    file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0) fail(path);
    write_all(file, path, strlen(path) % 7 + i % 50);
    close(file);
  }
  for (unsigned i = 0; i < 200; i++) {
    snprintf(path, sizeof path, "%s/stress.%u", directory, i);
    if (stat(path, &status) != 0 || unlink(path) != 0) fail(path);
    digest = mix(digest, (uint64_t)status.st_size - strlen(path) % 7);
  }
  snprintf(path, sizeof path, "%s/stress.data", directory);
  unlink(path);
  return digest;
}

// MARK: Main

static const struct part {
  const char *name;
  uint64_t (*run)(void);
  uint64_t expected;
} parts[] = {
#include "stress-expected.h"
};

int main(int count, char **arguments) {
  if (count == 3 && strcmp(arguments[1], "--exit") == 0) return atoi(arguments[2]);
  if (count < 2) {
    fprintf(stderr, "usage: stress SECONDS|--print [DIRECTORY]\n");
    return 2;
  }
  if (count > 2) directory = arguments[2];
  setvbuf(stdout, NULL, _IONBF, 0);
  int print = strcmp(arguments[1], "--print") == 0;
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  int rounds = 0;
  do {
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
      uint64_t digest = parts[i].run();
      if (print) {
        printf("{\"%s\", %s, 0x%016lx},\n", parts[i].name, parts[i].name, (unsigned long)digest);
      } else if (digest != parts[i].expected) {
        printf("stress: round %d, %s: digest %016lx, expected %016lx\n", rounds, parts[i].name,
               (unsigned long)digest, (unsigned long)parts[i].expected);
        return 1;
      }
    }
    rounds++;
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while (!print && now.tv_sec - start.tv_sec < atol(arguments[1]));
  if (!print) printf("stress: passed, %d rounds\n", rounds);
  return 0;
}
