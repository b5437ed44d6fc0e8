# Packs what a remote repository lacks of this workspace: its commits, and by choice one more for what is
# not committed yet. Run in the workspace, as the user of builds. Everything it writes is below $EXPORT_DIR
# and $KEPT; index, HEAD, objects and configuration of the user's own repository are read and never changed.
# What the remote has is asked meanwhile, and comes through the pipe $EXPORT_DIR/remote. Each process here is a
# part of what a small push takes, so there are as few as can be.
set -eu
umask 077

refuse() {
    # The name of a tree is nothing that anybody waits for.
    [ "$TREE_ONLY" = no ] || exit 1
    printf 'slipway error: %s\n' "$1" >&2
    exit 1
}

command -v git >/dev/null 2>&1 ||
    refuse "git is not installed in this sandbox, and a git export needs it; install it in the image, or export a ZIP"

# Settings of ours only: no hooks, no pagers, no questions, nothing fetched, no repository outside of the workspace.
workspace=$PWD
export GIT_CONFIG_COUNT=7
export GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
export GIT_CONFIG_KEY_1=core.hooksPath GIT_CONFIG_VALUE_1=/dev/null
export GIT_CONFIG_KEY_2=core.fsmonitor GIT_CONFIG_VALUE_2=false
export GIT_CONFIG_KEY_3=core.excludesFile GIT_CONFIG_VALUE_3="$EXPORT_DIR/excludes"
export GIT_CONFIG_KEY_4=gc.auto GIT_CONFIG_VALUE_4=0
export GIT_CONFIG_KEY_5=advice.addEmbeddedRepo GIT_CONFIG_VALUE_5=false
# Two thirds of the time for a few per cent more bytes: hosts pack anew by themselves.
export GIT_CONFIG_KEY_6=pack.window GIT_CONFIG_VALUE_6=3
export GIT_CONFIG_NOSYSTEM=1 GIT_OPTIONAL_LOCKS=0 GIT_NO_LAZY_FETCH=1 GIT_TERMINAL_PROMPT=0
export GIT_CEILING_DIRECTORIES="${workspace%/*}"
export LC_ALL=C

out="$EXPORT_DIR/out"

# What exports have made before, kept in the home directory of builds, so that the next one knows what has been
# pushed. Losing it costs a larger pack, or a question.
[ -f "$KEPT/HEAD" ] || git init --quiet --bare --template= "$KEPT"
: >> "$KEPT/exported"

# One question for all; without a commit yet, it has to be asked without HEAD.
places() {
    git rev-parse --show-object-format --git-path objects --git-path index --git-path shallow "$@" 2>/dev/null
}
if places=$(places 'HEAD^{commit}') || places=$(places); then
    own_history=yes head=
    { read -r format; read -r objects; read -r index; read -r shallow; read -r head || true; } <<END
$places
END
    [ "$format" = sha1 ] ||
        refuse "this repository names its objects by SHA-256, which no git host takes yet; push it from a repository with SHA-1"
    # The index is copied for what it knows about unchanged files.
    if [ -f "$index" ]; then cp "$index" "$EXPORT_DIR/index"; fi
    case $objects in /*) ;; *) objects="$workspace/$objects" ;; esac
    export GIT_OBJECT_DIRECTORY="$KEPT/objects" GIT_ALTERNATE_OBJECT_DIRECTORIES="$objects"
else
    # Something is there, and it must not be taken for nothing.
    [ ! -e .git ] || refuse "the user of builds (uid $(id -u)) cannot read the repository of the workspace: $(git rev-parse 2>&1 | head -n 1)"
    # No repository: a history that begins with the first export.
    own_history=
    export GIT_DIR="$KEPT" GIT_WORK_TREE="$workspace"
    head=
    shallow="$KEPT/shallow"
    if [ -f "$KEPT/last-index" ]; then cp "$KEPT/last-index" "$EXPORT_DIR/index"; fi
fi
export GIT_INDEX_FILE="$EXPORT_DIR/index"

# Whether the first is an ancestor of the second, or it; not when one of them is unknown here.
is_in() {
    git merge-base --is-ancestor "$1" "$2" 2>/dev/null
}

# The workspace as it is now. What is wrong with it matters only if it is wanted.
if git add --all -- . 2> "$EXPORT_DIR/complaints"; then tree=$(git write-tree); else tree=; fi

if [ "$TREE_ONLY" = yes ]; then
    if [ -z "$own_history" ]; then cp "$GIT_INDEX_FILE" "$KEPT/last-index"; fi
    printf '%s\n' "$tree" > "$EXPORT_DIR/source"
    exit 0
fi

# The remote may not be there to be asked; whoever asked says why.
{
    read -r answer
    [ "$answer" = known ] || exit 1
    read -r BRANCH_HEAD; read -r other_heads; read -r COMMITS_ONLY
    read -r author_name; read -r author_email; read -r fallback_name; read -r fallback_email
} < "$EXPORT_DIR/remote"

if [ "$COMMITS_ONLY" = yes ]; then
    [ -n "$own_history" ] ||
        refuse "the workspace is not a git repository, so there are no commits to push; leave out \`commits_only\`, or run \`git init\` and commit"
    [ -n "$head" ] || refuse "this repository has no commit yet; commit something, or leave out \`commits_only\`"
    commit=$head
else
    [ ! -s "$EXPORT_DIR/complaints" ] || cat "$EXPORT_DIR/complaints" >&2
    [ -n "$tree" ] || refuse "git cannot read all files of the workspace; the lines above say which"
    # A repository inside of this one would arrive as a link to a commit that nobody has.
    git ls-files --stage | sed -n 's/^160000 [0-9a-f]* [0-3]	//p' > "$EXPORT_DIR/links"
    if [ -s "$EXPORT_DIR/links" ]; then
        modules=$(git config --file .gitmodules --get-regexp '^submodule\..*\.path$' 2>/dev/null | cut -d' ' -f2- || true)
        while IFS= read -r link; do
            printf '%s\n' "$modules" | grep -qxF -e "$link" ||
                refuse "\`$link\` is a git repository of its own; make it a submodule, remove its .git, or add it to .gitignore"
        done < "$EXPORT_DIR/links"
    fi
    parent=$head second=
    if [ -z "$own_history" ]; then
        parent=$BRANCH_HEAD
    elif [ "$BRANCH_HEAD" != "$head" ] && grep -qxF -e "${BRANCH_HEAD:-none}" "$KEPT/exported" && ! is_in "$BRANCH_HEAD" "$head"; then
        # The branch ends with an export of this workspace that its repository does not know: go on from there, and
        # take in what has been committed since.
        parent=$BRANCH_HEAD
        if [ -n "$head" ] && ! is_in "$head" "$BRANCH_HEAD"; then second=$head; fi
    fi
    parent_tree=
    if [ -n "$parent" ]; then parent_tree=$(git rev-parse --quiet --verify "$parent^{tree}" 2>/dev/null || true); fi
    if [ -z "$second" ] && [ "$parent_tree" = "$tree" ]; then
        commit=$parent
    else
        [ -n "$parent" ] || [ -n "$(git ls-files | head -n 1)" ] ||
            refuse "there is nothing to push: the workspace has no file that is not ignored"
        name=$author_name email=$author_email
        if [ -z "$name" ] || [ -z "$email" ]; then
            # As the repository has it; like git, without what may not be in it.
            while read -r key value; do
                case $key in
                    user.name) [ -n "$name" ] || name=${value%%[<>]*} ;;
                    user.email) [ -n "$email" ] || email=${value%%[<> ]*} ;;
                esac
            done <<END
$(git config --get-regexp '^user\.(name|email)$' || true)
END
        fi
        who="${name:-$fallback_name} <${email:-$fallback_email}> $NOW +0000"
        # Not by commit-tree, which wants to see the parent: the remote's may be nowhere but there.
        commit=$({
            printf 'tree %s\n' "$tree"
            for each in $parent $second; do printf 'parent %s\n' "$each"; done
            printf 'author %s\ncommitter %s\n\n' "$who" "$who"
            cat "$EXPORT_DIR/message"
            echo
        } | git hash-object -t commit -w --stdin)
        # Pushed by others: for git this commit is then the first.
        if [ -z "$own_history" ] && [ -n "$parent" ] && [ -z "$parent_tree" ]; then printf '%s\n' "$commit" >> "$shallow"; fi
        printf '%s\n' "$commit" >> "$KEPT/exported"
        printf 'a new commit of what is not committed: %s\n' "$commit"
    fi
fi

# A branch only grows: what others have pushed stays.
if [ -n "$own_history" ] && [ -n "$BRANCH_HEAD" ] && [ "$BRANCH_HEAD" != "${parent:-}" ]; then
    is_in "$BRANCH_HEAD" "$commit" ||
        refuse "the branch has commits that this repository has not (non-fast-forward): pull them first, or choose another branch"
fi

# What the remote has, as far as it is known here, stays at home.
printf '%s\n' "$commit" > "$EXPORT_DIR/wanted"
if [ "$other_heads" = yes ] || [ -z "$own_history" ]; then
    git cat-file --batch-check='%(objectname) %(objecttype)' < "$EXPORT_DIR/heads" |
        sed -n 's/^\([0-9a-f]*\) commit$/^\1/p' >> "$EXPORT_DIR/wanted"
elif [ -n "$BRANCH_HEAD" ]; then
    printf '^%s\n' "$BRANCH_HEAD" >> "$EXPORT_DIR/wanted"
fi
if [ -n "$own_history" ] && [ -f "$shallow" ]; then
    cut=$(git rev-list --stdin < "$EXPORT_DIR/wanted" | grep -xF -f "$shallow" | head -n 1 || true)
    [ -z "$cut" ] ||
        refuse "this is a shallow clone, and the remote lacks what was cut off before commit $cut; run \`git fetch --unshallow\` first"
fi
git pack-objects --quiet --revs --stdout --delta-base-offset < "$EXPORT_DIR/wanted" > "$out/objects.pack" ||
    refuse "git cannot pack the objects of this repository; the lines above say why"
printf '{"commit":"%s","base":"%s"}' "$commit" "$BRANCH_HEAD" > "$out/export.json"
if [ -z "$own_history" ]; then
    cp "$GIT_INDEX_FILE" "$KEPT/last-index"
fi
[ "$COMMITS_ONLY" = no ] || tree=$(git rev-parse "$commit^{tree}")
printf '%s %s\n' "$tree" "$commit" > "$EXPORT_DIR/source"
printf 'packed what the remote lacks of commits up to %s\n' "$commit"
