# Sets go up for this mirror of Go modules, and tries it.
#
#   $setup = Invoke-RestMethod ADDRESS/setup.ps1
#   & ([scriptblock]::Create($setup)) ADDRESS                    for you
#   & ([scriptblock]::Create($setup)) ADDRESS -Machine           for all users
#   & ([scriptblock]::Create($setup)) ADDRESS -Install DIR       with Go in DIR\go
#   & ([scriptblock]::Create($setup)) -Undo                      as it was before
#
# ADDRESS is where this script was fetched, without /setup.ps1; it may be left out where
# the mirror says it itself (publish.url).
param([string]$Address = @ADDRESS@, [switch]$Machine, [string]$Install = '', [switch]$Undo)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue' # a progress bar makes downloads many times slower
$PSNativeCommandUseErrorActionPreference = $false # what go returns is looked at here

# Windows PowerShell 5 makes errors of what a program writes to stderr where a host or a
# caller takes that up (ISE, remoting, 2>&1), and "Stop" would end at the first line, as
# "go: downloading" is one. $LASTEXITCODE says how it ended.
function Invoke-Go {
    $ErrorActionPreference = 'Continue'
    & go @args
}

function Install-Go([string]$Address, [string]$Folder, [string]$Scratch) {
    $session = $ExecutionContext.SessionState.Path
    $Folder = $session.GetUnresolvedProviderPathFromPSPath($Folder)
    if (Test-Path "$Folder\go") { throw "$Folder\go is there already; name another folder" }
    $arch = @{ AMD64 = 'amd64'; ARM64 = 'arm64'; x86 = '386' }[$env:PROCESSOR_ARCHITECTURE]
    $list = "$Scratch\sums"
    Invoke-WebRequest -UseBasicParsing "$Address/dl/SHA256SUMS" -OutFile $list
    $line = Get-Content $list |
        Where-Object { $_ -match "[.]windows-$arch[.]zip$" -and $_ -notmatch 'rc|beta' } |
        Select-Object -First 1
    if (-not $line) {
        throw "$Address/dl/ has no archive of Go for windows-$arch (setup.sh is for others)"
    }
    $sum, $name = $line -split '  ', 2
    $file = "$Scratch\go.zip"
    Invoke-WebRequest -UseBasicParsing "$Address/dl/$name" -OutFile $file
    if ((Get-FileHash -Algorithm SHA256 $file).Hash -ne $sum) { throw "$name is damaged" }
    Expand-Archive $file -DestinationPath $Folder
    $env:PATH = "$Folder\go\bin;$env:PATH"
    Write-Output "Go is in $Folder\go; put $Folder\go\bin into PATH for good"
}

function Get-GoFile {
    if (-not (Get-Command go -ErrorAction SilentlyContinue)) {
        throw 'there is no go here; -Install DIR brings one'
    }
    if ($Machine) { return Join-Path (Invoke-Go env GOROOT) 'go.env' }
    Remove-Item Env:GOENV -ErrorAction SilentlyContinue
    $found = Invoke-Go env GOENV
    if (-not $found -or $found -eq 'off') { throw "go keeps no settings: GOENV=$found" }
    return $found
}

# What was changed is noted beside the file: for each variable "set NAME=VALUE", and what
# that replaced, "was NAME=VALUE" or "was NAME". The whole file is kept as well, so that
# it comes back as it was where nobody changed it since.
function Read-Lines([string]$File) {
    if (Test-Path $File) { return @([IO.File]::ReadAllLines($File)) }
    return @()
}

function Write-Lines([string]$File, [string[]]$Lines) {
    $text = ($Lines | ForEach-Object { "$_`n" }) -join ''
    [IO.File]::WriteAllText($File, $text, (New-Object Text.UTF8Encoding $false))
}

function Get-Line([string]$Name, [string[]]$Lines) {
    return $Lines | Where-Object { $_ -clike "$Name=*" } | Select-Object -Last 1
}

function Get-Noted([string]$Word, [string]$Name) {
    foreach ($line in Read-Lines $record) {
        if ($line -ceq "$Word $Name" -or $line -clike "$Word $Name=*") {
            return $line.Substring($Word.Length + 1)
        }
    }
}

function Add-Note([string]$Setting, [string]$File) {
    $name = $Setting.Split('=')[0]
    $there = Get-Line $name (Read-Lines $File)
    $was = $name
    if ($there -and $there -ceq (Get-Noted 'set' $name)) { $was = Get-Noted 'was' $name }
    elseif ($there) { $was = $there }
    $others = Read-Lines $record | Where-Object { $_ -cnotmatch "^[a-z]+ $name(=|$)" }
    Write-Lines $record (@($others | Where-Object { $_ }) + "was $was" + "set $Setting")
}

function Restore-File([string]$File, [string]$Scratch) {
    if (Test-Path "$Scratch\now") { Copy-Item "$Scratch\now" $File -Force }
    elseif (Test-Path $File) { Remove-Item $File }
    if (Test-Path "$Scratch\noted") { Copy-Item "$Scratch\noted" $record -Force }
    else { Remove-Item $record, "$File.before-setup" -ErrorAction SilentlyContinue }
}

function Undo-Setup {
    $file = Get-GoFile
    $record = "$file.set-by-setup"
    if (-not (Test-Path $record)) { throw "$file`: nothing was set up here" }
    $left = @(Read-Lines $file)
    foreach ($noted in Read-Lines $record) {
        if ($noted -cnotlike 'set *') { continue }
        $name = $noted.Substring(4).Split('=')[0]
        if ((Get-Line $name $left) -cne $noted.Substring(4)) {
            Write-Output "note: $name was changed since, and stays"
            continue
        }
        $left = @($left | Where-Object { $_ -cnotlike "$name=*" })
        $was = Get-Noted 'was' $name
        if ($was -cne $name) { $left += $was }
    }
    $before = "$file.before-setup"
    $same = (($left | Sort-Object) -join "`n") -ceq `
        ((Read-Lines $before | Sort-Object) -join "`n")
    if ((Test-Path $before) -and $same) { Copy-Item $before $file -Force }
    elseif ($left -or (Test-Path $before)) { Write-Lines $file $left }
    elseif (Test-Path $file) { Remove-Item $file }
    Remove-Item $record, $before -ErrorAction SilentlyContinue
    Write-Output "$file has its old settings"
}

function Invoke-Setup([string]$Address, [string]$Scratch) {
    $file = Get-GoFile
    $record = "$file.set-by-setup"
    New-Item -ItemType Directory -Force (Split-Path $file) | Out-Null
    if (Test-Path $file) { Copy-Item $file "$Scratch\now" }
    if (Test-Path $record) { Copy-Item $record "$Scratch\noted" }
    else {
        Write-Lines $record @()
        if (Test-Path $file) { Copy-Item $file "$file.before-setup" -Force }
    }
    $works = $false
    try {
        Set-GoVariables $Address $file
        Test-Download $Address $Scratch
        $works = $true
    } finally { # also where somebody stops it
        if (-not $works) { Restore-File $file $Scratch }
    }
    Write-Output "go uses $Address now; -Undo brings the old settings back"
}

function Set-GoVariables([string]$Address, [string]$File) {
    foreach ($name in $overriding) {
        if (Test-Path "Env:$name") {
            Write-Output "note: $name is set in this session, which counts more"
            Remove-Item "Env:$name"
        }
    }
    $env:GOENV = $File
    foreach ($each in @("GOPROXY=$Address", @VARIABLES@)) {
        # Go before 1.21 does not know GOTOOLCHAIN.
        if ($each -like 'GOTOOLCHAIN=*' -and -not (Invoke-Go env GOTOOLCHAIN)) { continue }
        Add-Note $each $File
        Invoke-Go env -w $each
        if ($LASTEXITCODE) { throw "go cannot write $File" }
    }
}

function Test-Download([string]$Address, [string]$Scratch) {
    $probe = @PROBE@
    if (-not $probe) { return }
    Write-Output "trying it: go mod download $probe"
    $env:GOPATH = "$Scratch\gopath"
    $env:GOMODCACHE = "$Scratch\cache"
    $env:GOFLAGS = '-modcacherw'
    Push-Location $Scratch
    try { Invoke-Go mod download $probe } finally { Pop-Location }
    if ($LASTEXITCODE) { throw "$Address does not work from here; $file is as it was" }
}

function Invoke-Main {
    if (-not $Undo -and $Address -notmatch '^(https?|file)://') {
        throw 'name the address of the mirror: https://HOST/PATH'
    }
    $mirror = $Address.TrimEnd('/')
    # The environment is that of the whole session: it is put back at the end.
    $overriding = 'GOPROXY', 'GOSUMDB', 'GOTOOLCHAIN', 'GONOSUMDB', 'GOPRIVATE',
        'GONOPROXY', 'GOFLAGS', 'GOINSECURE'
    $before = @{}
    foreach ($name in $overriding + 'GOENV' + 'GOPATH' + 'GOMODCACHE') {
        $before[$name] = [Environment]::GetEnvironmentVariable($name)
    }
    $scratch = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
    New-Item -ItemType Directory $scratch | Out-Null
    try {
        if ($Install) { Install-Go $mirror $Install $scratch }
        if ($Undo) { Undo-Setup } else { Invoke-Setup $mirror $scratch }
    } finally {
        foreach ($name in $before.Keys) {
            if ($null -ne $before[$name]) { Set-Item "Env:$name" $before[$name] }
            else { Remove-Item "Env:$name" -ErrorAction SilentlyContinue }
        }
        # Paths of more than 260 characters cannot be removed by version 5; go is set up.
        Remove-Item -Recurse -Force $scratch -ErrorAction Continue
    }
}

Invoke-Main
