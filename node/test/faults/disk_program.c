/*
 * Small programs over a disk, to test power_loss.c with: disk_program SCENARIO FOLDER. Each line that
 * it prints is a promise. A failed call ends the scenario with the name of the error as its last line.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void say(const char *line) {
  if (write(STDOUT_FILENO, line, strlen(line)) < 0 || write(STDOUT_FILENO, "\n", 1) < 0) exit(1);
}

static void check(int succeeded) {
  if (succeeded) return;
  say(errno == ENOSPC ? "ENOSPC" : errno == EIO ? "EIO" : strerror(errno));
  exit(0);
}

static int open_new(const char *name) {
  int file = open(name, O_RDWR | O_CREAT, 0644);
  check(file >= 0);
  return file;
}

static void sync_folder(const char *name) {
  int folder = open(name, O_RDONLY | O_DIRECTORY);
  check(folder >= 0);
  check(fsync(folder) == 0);
  close(folder);
}

static void fill(int file, char letter, off_t offset, size_t size) {
  char *bytes = malloc(size);
  memset(bytes, letter, size);
  check(pwrite(file, bytes, size, offset) == (ssize_t)size);
  free(bytes);
}

/* Eight synced pages of a, all overwritten with b: each may survive by itself. */
static void pages(void) {
  int file = open_new("file");
  fill(file, 'a', 0, 8 * 4096);
  check(fsync(file) == 0);
  sync_folder(".");
  say("a");
  fill(file, 'b', 0, 8 * 4096);
  check(fdatasync(file) == 0);
  say("b");
}

/* The usual replacement of a file; every way to write is used once. */
static void replace(void) {
  for (int version = 1; version <= 3; ++version) {
    char text[32];
    int length = snprintf(text, sizeof(text), "version %d.", version);
    int file = open("file.tmp", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    check(file >= 0);
    struct iovec halves[2] = {{text, 4}, {text + 4, (size_t)length - 4}};
    ssize_t written = version == 1   ? write(file, text, (size_t)length)
                      : version == 2 ? writev(file, halves, 2)
                                     : pwritev(file, halves, 2, 0);
    check(written == length);
    check(fsync(file) == 0);
    close(file);
    check(rename("file.tmp", "file") == 0);
    sync_folder(".");
    say(text);
  }
}

/* Names alone: a folder, a file in it, a link and a removal, each made durable before it is promised. */
static void names(void) {
  check(mkdir("folder", 0755) == 0);
  sync_folder(".");
  say("folder");
  close(open_new("folder/one"));
  sync_folder("folder");
  say("folder/one");
  check(link("folder/one", "two") == 0);
  sync_folder(".");
  say("two");
  check(unlink("folder/one") == 0);
  sync_folder("folder");
  say("no folder/one");
}

/* Sizes: space reserved, cut, and appended to. */
static void sizes(void) {
  int file = open_new("file");
  sync_folder(".");
  check(posix_fallocate(file, 0, 10000) == 0);
  check(fdatasync(file) == 0);
  say("10000");
  check(ftruncate(file, 100) == 0);
  check(fdatasync(file) == 0);
  say("100");
  check(lseek(file, 0, SEEK_END) == 100);
  check(write(file, "tail", 4) == 4);
  check(fdatasync(file) == 0);
  say("104");
}

/* Writes until the disk is full, then overwrites what it has. */
static void full(void) {
  int file = open_new("file");
  char page[1000];
  memset(page, 'x', sizeof(page));
  ssize_t written = 0;
  while ((written = write(file, page, sizeof(page))) == (ssize_t)sizeof(page)) {
  }
  printf("short %zd\n", written);
  fflush(stdout);
  check(pwrite(file, page, sizeof(page), 0) == (ssize_t)sizeof(page));
  say("overwritten");
  int more = posix_fallocate(file, 0, 1 << 20);
  say(more == ENOSPC ? "ENOSPC" : "allocated");
}

/* The second sync fails; what it covered is lost although a later one succeeds. */
static void lost(void) {
  int file = open_new("file");
  sync_folder(".");
  fill(file, 'a', 0, 4096);
  check(fdatasync(file) == 0);
  fill(file, 'b', 0, 4096);
  say(fdatasync(file) == 0 ? "synced" : errno == EIO ? "EIO" : "other");
  check(fdatasync(file) == 0);
  say("later");
}

int main(int count, char **arguments) {
  static const struct {
    const char *name;
    void (*run)(void);
  } scenarios[] = {{"pages", pages}, {"replace", replace}, {"names", names}, {"sizes", sizes}, {"full", full}, {"lost", lost}};
  if (count != 3 || chdir(arguments[2]) != 0) return 2;
  for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); ++i) {
    if (strcmp(scenarios[i].name, arguments[1]) != 0) continue;
    scenarios[i].run();
    return 0;
  }
  return 2;
}
