/* A git.exe for wine: hands its call to the git of this machine, by the relay that run_suites.py starts.

   Beside it is a file "relay" with a port of loopback and a word that the relay wants first. Paths of Windows become
   those of this machine, and those that `rev-parse` answers become paths of Windows again, with `/` as git for
   Windows writes them. Standard input is read to its end before git starts. */
#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

typedef char *(CDECL *to_unix_t)(const WCHAR *);
typedef WCHAR *(CDECL *to_dos_t)(const char *);

static SOCKET line;
static to_unix_t to_unix;
static to_dos_t to_dos;

static void fail(const char *what) {
    fprintf(stderr, "git.exe: %s\n", what);
    ExitProcess(128);
}

static void give(const void *data, size_t size) {
    for (const char *at = data; size > 0;) {
        int sent = send(line, at, size > 65536 ? 65536 : (int)size, 0);
        if (sent <= 0) fail("the relay is gone");
        at += sent;
        size -= sent;
    }
}

static void give_field(const char *data, size_t size) {
    unsigned int length = (unsigned int)size;
    give(&length, 4);
    give(data, size);
}

static void take(void *data, size_t size) {
    for (char *at = data; size > 0;) {
        int got = recv(line, at, (int)size, 0);
        if (got <= 0) fail("the relay is gone");
        at += got;
        size -= got;
    }
}

static char *utf8(const WCHAR *text) {
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *made = malloc(size);
    WideCharToMultiByte(CP_UTF8, 0, text, -1, made, size, NULL, NULL);
    return made;
}

static int is_path(const WCHAR *text) {
    return text[0] && text[1] == ':' && (text[2] == '\\' || text[2] == '/') && text[0] < 128;
}

/* A path of this machine for one of Windows, also after "NAME=" or "file://"; other words as they are. */
static char *translated(const WCHAR *word) {
    const WCHAR *equals = wcschr(word, '='), *start = word;
    if (!wcsncmp(word, L"file://", 7)) start = word + 7 + (word[7] == '/' && word[8]);
    else if (!is_path(word) && equals) start = equals + 1;
    int is_nul = start > word && !_wcsicmp(start, L"nul");
    if (!is_nul && !is_path(start)) return utf8(word);
    WCHAR head[4096] = {0};
    wcsncpy(head, word, start - word < 4095 ? start - word : 4095);
    char *before = utf8(head), *path = is_nul ? "/dev/null" : to_unix(start);
    if (!path) return utf8(word);
    char *made = malloc(strlen(before) + strlen(path) + 1);
    strcpy(made, before);
    strcat(made, start == word + 8 ? path + 1 : path);  /* "file:///" has the slash */
    return made;
}

static void write_all(DWORD stream, const char *data, DWORD size) {
    HANDLE out = GetStdHandle(stream);
    for (DWORD done; size > 0; data += done, size -= done)
        if (!WriteFile(out, data, size, &done, NULL)) ExitProcess(141);  /* nobody reads: as by SIGPIPE */
}

/* The lines of an answer that are absolute paths, as Windows has them. */
static void write_paths(char *data, DWORD size) {
    for (char *at = data, *end = data + size; at < end;) {
        char *stop = memchr(at, '\n', end - at);
        DWORD length = (DWORD)((stop ? stop : end) - at);
        if (*at == '/') {
            char *path = calloc(length + 1, 1);
            memcpy(path, at, length);
            WCHAR *dos = to_dos(path);
            for (WCHAR *c = dos; c && *c; c++) if (*c == '\\') *c = '/';
            char *shown = dos ? utf8(dos) : path;
            write_all(STD_OUTPUT_HANDLE, shown, (DWORD)strlen(shown));
        } else {
            write_all(STD_OUTPUT_HANDLE, at, length);
        }
        if (stop) write_all(STD_OUTPUT_HANDLE, "\n", 1);
        at += length + 1;
    }
}

static void join(void) {
    WCHAR own[4096];
    GetModuleFileNameW(NULL, own, 4096);
    wcscpy(wcsrchr(own, '\\') + 1, L"relay");
    FILE *facts = _wfopen(own, L"rb");
    char word[128];
    int port;
    if (!facts || fscanf(facts, "%d %127s", &port, word) != 2) fail("no relay runs");
    WSADATA data;
    WSAStartup(MAKEWORD(2, 2), &data);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((u_short)port)};
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    line = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(line, (struct sockaddr *)&place, sizeof place)) fail("the relay does not answer");
    give_field(word, strlen(word));
}

static void ask(int count, WCHAR **words) {
    WCHAR folder[4096];
    GetCurrentDirectoryW(4096, folder);
    char *here = to_unix(folder);
    give_field(here, strlen(here));
    WCHAR *variables = GetEnvironmentStringsW();
    for (WCHAR *at = variables; *at; at += wcslen(at) + 1) {
        if (wcsncmp(at, L"GIT_", 4) && wcsncmp(at, L"HOME=", 5) && wcsncmp(at, L"USERPROFILE=", 12)) continue;
        char *text = translated(at);
        give_field(text, strlen(text));
    }
    give_field("", 0);
    for (int at = 1; at < count; at++) {
        char *text = translated(words[at]);
        give_field("a", 1);
        give_field(text, strlen(text));
    }
    give_field("", 0);
    static char piece[65536];
    DWORD got;
    HANDLE source = GetStdHandle(STD_INPUT_HANDLE);
    while (ReadFile(source, piece, sizeof piece, &got, NULL) && got > 0) give_field(piece, got);
    give_field("", 0);
}

int wmain(int count, WCHAR **words) {  /* no shell32, which would load half of Windows */
    int paths = 0;
    HMODULE kernel = GetModuleHandleA("kernel32.dll");
    to_unix = (to_unix_t)(void *)GetProcAddress(kernel, "wine_get_unix_file_name");
    to_dos = (to_dos_t)(void *)GetProcAddress(kernel, "wine_get_dos_file_name");
    if (!to_unix || !to_dos) fail("this is no wine");
    for (int at = 1; at < count; at++) paths |= !wcscmp(words[at], L"rev-parse");
    join();
    ask(count, words);
    for (;;) {
        unsigned int head[2];
        take(head, sizeof head);
        if (head[0] == 0) ExitProcess(head[1]);
        char *data = malloc(head[1] + 1);
        take(data, head[1]);
        if (paths && head[0] == 1) write_paths(data, head[1]);
        else write_all(head[0] == 1 ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE, data, head[1]);
        free(data);
    }
}
